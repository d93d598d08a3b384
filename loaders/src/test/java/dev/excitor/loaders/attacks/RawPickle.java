package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawGguf.cat;
import static dev.excitor.loaders.attacks.RawGguf.u32;
import static dev.excitor.loaders.attacks.RawGguf.u64;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Spells pickles instruction by instruction, sound ones and others.
public final class RawPickle {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// Begins with its protocol.
    public static RawPickle protocol(int number) {
        return new RawPickle().op(0x80, number);
    }

    /// A sound pickle of a dict with one tensor, as its writer says.
    static RawPickle dictOf(String name, RawPickle tensor) {
        return protocol(2).op('}').op('(').text(name).then(tensor).op('u');
    }

    /// A sound tensor: the whole of a storage of floats.
    public static RawPickle tensor(String key, long... sizes) {
        long[] strides = new long[sizes.length];
        long count = 1;
        for (int i = sizes.length - 1; i >= 0; i--) {
            strides[i] = count;
            count *= sizes[i];
        }
        return view(storage("FloatStorage", key, count), 0, sizes, strides);
    }

    /// Any view of a storage.
    static RawPickle view(RawPickle storage, long offset, long[] sizes, long[] strides) {
        return new RawPickle()
                .global("torch._utils", "_rebuild_tensor_v2")
                .op('(')
                .then(storage)
                .number(offset)
                .tuple(sizes)
                .tuple(strides)
                .op(0x89)
                .global("collections", "OrderedDict")
                .op(')', 'R')
                .op('t', 'R');
    }

    static RawPickle storage(String type, String key, long count) {
        return new RawPickle()
                .op('(')
                .text("storage")
                .global("torch", type)
                .text(key)
                .text("cpu")
                .number(count)
                .op('t', 'Q');
    }

    public RawPickle op(int... bytes) {
        for (int value : bytes) {
            out.write(value);
        }
        return this;
    }

    RawPickle raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    public RawPickle then(RawPickle more) {
        return raw(more.out.toByteArray());
    }

    RawPickle repeat(int count, int... bytes) {
        for (int i = 0; i < count; i++) {
            op(bytes);
        }
        return this;
    }

    public RawPickle text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return op('X').raw(cat(u32(utf8.length), utf8));
    }

    RawPickle number(long value) {
        return op(0x8a, 8).raw(u64(value));
    }

    RawPickle tuple(long... values) {
        op('(');
        Arrays.stream(values).forEach(this::number);
        return op('t');
    }

    public RawPickle global(String module, String name) {
        return op('c').raw((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /// Ends with the value on the stack.
    public byte[] end() {
        return op('.').out.toByteArray();
    }
}
