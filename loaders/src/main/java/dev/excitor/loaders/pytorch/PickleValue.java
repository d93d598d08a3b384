package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.tensors.Dtype;
import java.util.ArrayList;
import java.util.List;

/// What a pickle may build. Values may contain themselves and be as deep as the file is long, so nothing here is ever
/// compared, hashed or printed as a whole.
sealed interface PickleValue
        permits PickleValue.Constant,
                PickleValue.Int,
                PickleValue.Text,
                PickleValue.Tuple,
                PickleValue.Sequence,
                PickleValue.Dict,
                PickleValue.Storage,
                PickleValue.View,
                PickleValue.Opaque,
                Global {

    /// For messages: "a dict", "the string 'storage'".
    String kind();

    enum Constant implements PickleValue {
        NONE("None"),
        TRUE("True"),
        FALSE("False"),
        /// Some options of a training program, all of which are passed over.
        NAMESPACE("an argparse.Namespace");

        private final String kind;

        Constant(String kind) {
            this.kind = kind;
        }

        @Override
        public String kind() {
            return kind;
        }
    }

    /// An integer of up to 64 bits.
    record Int(long value) implements PickleValue {
        @Override
        public String kind() {
            return "the number " + value;
        }
    }

    record Text(String value) implements PickleValue {
        @Override
        public String kind() {
            return "the string " + FileText.quote(value);
        }
    }

    record Tuple(List<PickleValue> items) implements PickleValue {
        @Override
        public String kind() {
            return "a tuple of " + items.size();
        }
    }

    /// Grows as its items are appended.
    record Sequence(List<PickleValue> items) implements PickleValue {
        Sequence() {
            this(new ArrayList<>());
        }

        @Override
        public String kind() {
            return "a list";
        }
    }

    /// A dict or OrderedDict: keys and values in order. Nothing is hashed, so keys cannot be chosen to collide.
    record Dict(List<PickleValue> keys, List<PickleValue> values) implements PickleValue {
        Dict() {
            this(new ArrayList<>(), new ArrayList<>());
        }

        void put(PickleValue key, PickleValue value) {
            keys.add(key);
            values.add(value);
        }

        @Override
        public String kind() {
            return "a dict";
        }
    }

    /// The elements of one or more tensors, in an entry of the archive.
    ///
    /// @param key   names the entry
    /// @param count how many elements it has
    record Storage(Dtype dtype, String key, long count) implements PickleValue {
        @Override
        public String kind() {
            return "a storage";
        }
    }

    /// A view of a storage: element (i, j, …) is the storage's at `offset + i strides[0] + j strides[1] + …`.
    ///
    /// @param sizes   extents, outermost first
    /// @param strides elements from one index to the next, as many as there are extents
    record View(Storage storage, long offset, List<Long> sizes, List<Long> strides) implements PickleValue {
        @Override
        public String kind() {
            return "a tensor";
        }
    }

    /// What is passed over unread: floats, bytes and numbers beyond 64 bits.
    record Opaque(String kind) implements PickleValue {}
}
