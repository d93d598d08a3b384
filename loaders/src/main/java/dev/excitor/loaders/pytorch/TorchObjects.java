package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.pytorch.PickleValue.Constant;
import dev.excitor.loaders.pytorch.PickleValue.Dict;
import dev.excitor.loaders.pytorch.PickleValue.Int;
import dev.excitor.loaders.pytorch.PickleValue.Sequence;
import dev.excitor.loaders.pytorch.PickleValue.Storage;
import dev.excitor.loaders.pytorch.PickleValue.Text;
import dev.excitor.loaders.pytorch.PickleValue.Tuple;
import dev.excitor.loaders.pytorch.PickleValue.View;
import dev.excitor.loaders.tensors.Dtype;
import dev.excitor.loaders.tensors.StoredTensor;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What the names of [Global] make when a pickle calls them: the meaning of the few functions of PyTorch that stand in
/// checkpoints, without any of their code.
///
/// ```text
///  ('storage', torch.FloatStorage, key, location, elements)                     names a storage
///  _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)      views it
///  _rebuild_parameter(tensor, requires_grad, hooks)                             is the tensor
/// ```
final class TorchObjects {

    /// No tensor of PyTorch has more.
    private static final int MAX_DIMENSIONS = 64;

    /// What a key may be: it names an entry of the archive.
    private static final int MAX_KEY = 255;

    private final PickleCursor in;

    TorchObjects(PickleCursor in) {
        this.in = in;
    }

    /// The storage that a persistent id names.
    ///
    /// @param at where the instruction stands
    PickleValue storage(PickleValue id, int at) {
        String expected = "('storage', type, key, location, number of elements)";
        if (!(id instanceof Tuple tuple) || tuple.items().size() != 5) {
            throw unexpected(at, "a persistent id: expected " + expected, id);
        }
        List<PickleValue> items = tuple.items();
        boolean isStorage = items.get(0) instanceof Text tag && tag.value().equals("storage");
        Optional<Dtype> dtype = items.get(1) instanceof Global type ? type.dtype() : Optional.empty();
        if (!isStorage || dtype.isEmpty()) {
            throw unexpected(at, "a persistent id: expected " + expected, items.get(isStorage ? 1 : 0));
        }
        if (!(items.get(2) instanceof Text key)
                || key.value().isEmpty()
                || key.value().length() > MAX_KEY) {
            throw unexpected(at, "a storage's key: expected a short string", items.get(2));
        }
        long count = integer(items.get(4), at, "a storage's number of elements");
        if (count < 0 || StoredTensor.bytes(dtype.get(), List.of(count)).isEmpty()) {
            throw unexpected(at, "a storage's number of elements: expected 0 or more", items.get(4));
        }
        return new Storage(dtype.get(), key.value(), count);
    }

    /// What a function makes of its arguments.
    PickleValue call(PickleValue function, PickleValue arguments, int at) {
        if (!(function instanceof Global global) || !(arguments instanceof Tuple tuple)) {
            throw in.malformed(
                    at,
                    "expected a name and a tuple to call, found %s and %s"
                            .formatted(function.kind(), arguments.kind()));
        }
        return switch (global) {
            case ORDERED_DICT -> orderedDict(tuple, at);
            case REBUILD_TENSOR -> tensor(tuple.items(), at);
            case REBUILD_PARAMETER -> parameter(tuple, at);
            case NAMESPACE -> Constant.NAMESPACE;
            case FLOAT_STORAGE,
                    HALF_STORAGE,
                    BFLOAT16_STORAGE,
                    DOUBLE_STORAGE,
                    LONG_STORAGE,
                    INT_STORAGE,
                    SHORT_STORAGE,
                    CHAR_STORAGE,
                    BYTE_STORAGE,
                    BOOL_STORAGE,
                    UNTYPED_STORAGE,
                    OLDER_UNTYPED_STORAGE ->
                throw in.malformed(at, "expected a function to call, found " + function.kind());
        };
    }

    /// A new object of a class.
    PickleValue make(PickleValue type, PickleValue arguments, int at) {
        if (type == Global.NAMESPACE || type == Global.ORDERED_DICT) {
            return call(type, arguments, at);
        }
        throw unexpected(at, "expected a class to make an object of", type);
    }

    /// An object's attributes, which are passed over: those of a dict are a module's versions.
    void checkState(PickleValue object, PickleValue state, int at) {
        boolean has = object instanceof Dict || object == Constant.NAMESPACE;
        if (!has || !(state instanceof Dict)) {
            throw in.malformed(
                    at,
                    "expected an OrderedDict or an argparse.Namespace with a dict of attributes, found %s with %s"
                            .formatted(object.kind(), state.kind()));
        }
    }

    private Dict orderedDict(Tuple arguments, int at) {
        var dict = new Dict();
        if (arguments.items().isEmpty()) {
            return dict;
        }
        if (arguments.items().size() != 1 || !(arguments.items().getFirst() instanceof Sequence pairs)) {
            throw unexpected(at, "OrderedDict: expected no arguments or a list of pairs", arguments);
        }
        for (PickleValue pair : pairs.items()) {
            List<PickleValue> items = pair instanceof Sequence list
                    ? list.items()
                    : pair instanceof Tuple tuple ? tuple.items() : List.of();
            if (items.size() != 2) {
                throw unexpected(at, "OrderedDict: expected a pair", pair);
            }
            dict.put(items.getFirst(), items.getLast());
        }
        return dict;
    }

    private View parameter(Tuple arguments, int at) {
        List<PickleValue> items = arguments.items();
        if (items.size() == 3 && items.getFirst() instanceof View view) {
            return view;
        }
        throw unexpected(at, "_rebuild_parameter: expected a tensor, a bool and hooks", arguments);
    }

    private View tensor(List<PickleValue> arguments, int at) {
        String function = "_rebuild_tensor_v2";
        if (arguments.size() < 6 || arguments.size() > 7 || !(arguments.getFirst() instanceof Storage storage)) {
            throw in.malformed(
                    at,
                    "%s: expected a storage, offset, size, stride, requires_grad and hooks, found %d arguments%s"
                            .formatted(
                                    function,
                                    arguments.size(),
                                    arguments.isEmpty()
                                            ? ""
                                            : ", the first of them "
                                                    + arguments.getFirst().kind()));
        }
        long offset = integer(arguments.get(1), at, function + ", the offset");
        List<Long> sizes = integers(arguments.get(2), at, function + ", the size");
        List<Long> strides = integers(arguments.get(3), at, function + ", the stride");
        if (sizes.size() != strides.size()) {
            throw in.malformed(
                    at,
                    "%s: expected as many strides as extents, found %d and %d"
                            .formatted(function, strides.size(), sizes.size()));
        }
        OptionalLong last = lastElement(offset, sizes, strides);
        if (last.isEmpty() || last.getAsLong() >= storage.count()) {
            throw in.malformed(
                    at,
                    "%s: expected elements inside the storage of %d, found extents %s with strides %s from element %d on"
                            .formatted(function, storage.count(), sizes, strides, offset));
        }
        return new View(storage, offset, sizes, strides);
    }

    /// The place of a view's last element in its storage, -1 for a view without elements; empty where a number is
    /// negative or the place beyond 63 bits.
    private static OptionalLong lastElement(long offset, List<Long> sizes, List<Long> strides) {
        long last = offset;
        boolean isEmpty = false;
        boolean isSound = offset >= 0;
        for (int i = 0; i < sizes.size(); i++) {
            long size = sizes.get(i);
            long stride = strides.get(i);
            isSound &= size >= 0 && stride >= 0;
            isEmpty |= size == 0;
            if (isSound && !isEmpty) {
                long reach = (size - 1) * stride;
                isSound = Math.multiplyHigh(size - 1, stride) == 0 && reach >= 0 && last + reach >= 0;
                last += reach;
            }
        }
        return !isSound ? OptionalLong.empty() : OptionalLong.of(isEmpty ? -1 : last);
    }

    private List<Long> integers(PickleValue value, int at, String what) {
        List<PickleValue> items = value instanceof Tuple tuple ? tuple.items() : List.of(Constant.NONE);
        if (items.size() > MAX_DIMENSIONS) {
            throw unexpected(at, "%s: expected a tuple of at most %d numbers".formatted(what, MAX_DIMENSIONS), value);
        }
        var numbers = new ArrayList<Long>(items.size());
        for (PickleValue item : items) {
            if (!(item instanceof Int number)) {
                throw unexpected(at, what + ": expected a tuple of numbers", value);
            }
            numbers.add(number.value());
        }
        return List.copyOf(numbers);
    }

    private long integer(PickleValue value, int at, String what) {
        if (value instanceof Int number) {
            return number.value();
        }
        throw unexpected(at, what + ": expected a number", value);
    }

    private MalformedFile unexpected(int at, String expected, PickleValue found) {
        return in.malformed(at, "%s, found %s".formatted(expected, found.kind()));
    }
}
