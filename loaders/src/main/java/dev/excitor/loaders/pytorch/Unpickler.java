package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.pytorch.PickleValue.Constant;
import dev.excitor.loaders.pytorch.PickleValue.Dict;
import dev.excitor.loaders.pytorch.PickleValue.Int;
import dev.excitor.loaders.pytorch.PickleValue.Opaque;
import dev.excitor.loaders.pytorch.PickleValue.Sequence;
import dev.excitor.loaders.pytorch.PickleValue.Text;
import dev.excitor.loaders.pytorch.PickleValue.Tuple;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A stack machine for pickles of protocols 2 to 5 that can build dicts, lists, tuples, numbers, strings and views of
/// storages, and nothing else. It calls nothing, and has no recursion: depth costs bytes of the file.
///
/// Every instruction takes bytes of the file and makes at most one object, or as many references as it takes off the
/// stack, so that a pickle needs memory in proportion to its length. What values mean, [TorchObjects] knows.
final class Unpickler {

    /// Twenty times what the largest checkpoint in use takes.
    private static final int MAX_INSTRUCTIONS = 1 << 20;

    private static final int LEAST_PROTOCOL = 2;
    private static final int MOST_PROTOCOL = 5;

    private final PickleCursor in;
    private final TorchObjects objects;
    private final List<PickleValue> stack = new ArrayList<>();

    /// How high the stack was at each mark that is open.
    private final List<Integer> marks = new ArrayList<>();

    private final Map<Integer, PickleValue> memo = new HashMap<>();

    /// Where the current instruction begins.
    private int at;

    private Unpickler(PickleCursor in) {
        this.in = in;
        this.objects = new TorchObjects(in);
    }

    /// The value that a pickle builds.
    ///
    /// @throws MalformedFile when an instruction is not as it must be
    /// @throws Unsupported   for another protocol, an instruction that tensors do not need, and every forbidden name
    static PickleValue load(PickleCursor in) {
        return new Unpickler(in).load();
    }

    private PickleValue load() {
        checkProtocol();
        for (int i = 0; i < MAX_INSTRUCTIONS; i++) {
            at = in.at();
            int opcode = in.u8("the next instruction");
            if (opcode == '.') {
                return end();
            }
            if (!constant(opcode) && !container(opcode) && !memory(opcode) && !object(opcode)) {
                throw new Unsupported(
                        "%sthe instruction 0x%02x".formatted(in.where(at), opcode),
                        List.of(
                                "those of protocols 2 to 5 that build dicts, lists, tuples, numbers, strings and tensors"));
            }
        }
        throw in.malformed(at, "expected at most %d instructions, found more".formatted(MAX_INSTRUCTIONS));
    }

    private void checkProtocol() {
        if (in.u8("the first instruction") != 0x80) {
            throw in.malformed(0, "expected a pickle (byte 80), found another file or a protocol before 2");
        }
        int protocol = in.u8("the protocol");
        if (protocol < LEAST_PROTOCOL || protocol > MOST_PROTOCOL) {
            throw new Unsupported("%spickle protocol %d".formatted(in.where(0), protocol), List.of("2", "3", "4", "5"));
        }
    }

    private PickleValue end() {
        PickleValue value = pop();
        if (!stack.isEmpty() || !marks.isEmpty() || in.remaining() > 0) {
            throw in.malformed(
                    at,
                    "expected the end with nothing left, found %d values, %d marks and %d bytes"
                            .formatted(stack.size(), marks.size(), in.remaining()));
        }
        return value;
    }

    /// Instructions that push a constant.
    private boolean constant(int opcode) {
        switch (opcode) {
            case 'N' -> push(Constant.NONE);
            case 0x88 -> push(Constant.TRUE);
            case 0x89 -> push(Constant.FALSE);
            case 'K' -> push(new Int(in.u8("BININT1")));
            case 'M' -> push(new Int(in.u16("BININT2")));
            case 'J' -> push(new Int(in.i32("BININT")));
            case 0x8a -> integer(in.u8("LONG1"));
            case 0x8b -> integer(in.i32("LONG4"));
            case 'G' -> {
                in.skip(Double.BYTES, "BINFLOAT");
                push(new Opaque("a float"));
            }
            case 'U' -> push(new Text(in.text(in.u8("SHORT_BINSTRING"), "SHORT_BINSTRING")));
            case 'T' -> push(new Text(in.text(in.i32("BINSTRING"), "BINSTRING")));
            case 0x8c -> push(new Text(in.text(in.u8("SHORT_BINUNICODE"), "SHORT_BINUNICODE")));
            case 'X' -> push(new Text(in.text(Integer.toUnsignedLong(in.i32("BINUNICODE")), "BINUNICODE")));
            case 0x8d -> push(new Text(in.text(in.i64("BINUNICODE8"), "BINUNICODE8")));
            case 'C' -> bytes(in.u8("SHORT_BINBYTES"));
            case 'B' -> bytes(Integer.toUnsignedLong(in.i32("BINBYTES")));
            case 0x8e -> bytes(in.i64("BINBYTES8"));
            default -> {
                return false;
            }
        }
        return true;
    }

    private void integer(int length) {
        if (length >= 0 && length <= Long.BYTES) {
            push(new Int(in.integer(length, "LONG")));
        } else {
            in.skip(length, "LONG");
            push(new Opaque("a number of %d bytes".formatted(length)));
        }
    }

    private void bytes(long length) {
        in.skip(length, "bytes");
        push(new Opaque("bytes"));
    }

    /// Instructions that make and fill dicts, lists and tuples.
    private boolean container(int opcode) {
        switch (opcode) {
            case '(' -> marks.add(stack.size());
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(popMark()));
            case 0x85 -> push(new Tuple(popMany(1)));
            case 0x86 -> push(new Tuple(popMany(2)));
            case 0x87 -> push(new Tuple(popMany(3)));
            case ']' -> push(new Sequence());
            case 'l' -> push(new Sequence(new ArrayList<>(popMark())));
            case 'a' -> append(popMany(1));
            case 'e' -> append(popMark());
            case '}' -> push(new Dict());
            case 'd' -> {
                List<PickleValue> items = popMark();
                push(new Dict());
                put(items);
            }
            case 's' -> put(popMany(2));
            case 'u' -> put(popMark());
            default -> {
                return false;
            }
        }
        return true;
    }

    private void append(List<PickleValue> items) {
        if (top() instanceof Sequence list) {
            list.items().addAll(items);
        } else {
            throw unexpected("a list to append to", top());
        }
    }

    private void put(List<PickleValue> items) {
        if (!(top() instanceof Dict dict)) {
            throw unexpected("a dict to put items into", top());
        }
        if (items.size() % 2 != 0) {
            throw in.malformed(at, "expected keys with their values, found %d of both".formatted(items.size()));
        }
        for (int i = 0; i < items.size(); i += 2) {
            dict.put(items.get(i), items.get(i + 1));
        }
    }

    /// Instructions for the stack itself and for what was pushed before.
    private boolean memory(int opcode) {
        switch (opcode) {
            case 0x80 -> {
                return false; // a protocol stands at the beginning only
            }
            case 0x95 -> frame();
            case '0' -> pop();
            case '1' -> popMark();
            case '2' -> push(top());
            case 'q' -> memo.put(in.u8("BINPUT"), top());
            case 'r' -> memo.put(in.i32("LONG_BINPUT"), top());
            case 0x94 -> memo.put(memo.size(), top());
            case 'h' -> push(recall(in.u8("BINGET")));
            case 'j' -> push(recall(in.i32("LONG_BINGET")));
            default -> {
                return false;
            }
        }
        return true;
    }

    private void frame() {
        long length = in.i64("FRAME");
        if (length < 0 || length > in.remaining()) {
            throw in.malformed(
                    at,
                    "FRAME: expected at most the %d bytes left, found a length of %s"
                            .formatted(in.remaining(), Long.toUnsignedString(length)));
        }
    }

    private PickleValue recall(int index) {
        PickleValue value = memo.get(index);
        if (value == null) {
            throw in.malformed(
                    at,
                    "expected one of the %d values remembered so far, found number %s"
                            .formatted(memo.size(), Integer.toUnsignedString(index)));
        }
        return value;
    }

    /// Instructions that name things of Python and call them.
    private boolean object(int opcode) {
        switch (opcode) {
            case 'c' -> {
                String module = in.line("GLOBAL, its module");
                push(global(module, in.line("GLOBAL, its name")));
            }
            case 0x93 -> {
                List<PickleValue> names = popMany(2);
                if (names.getFirst() instanceof Text module && names.getLast() instanceof Text name) {
                    push(global(module.value(), name.value()));
                } else {
                    throw in.malformed(
                            at,
                            "STACK_GLOBAL: expected a module and a name, found %s and %s"
                                    .formatted(
                                            names.getFirst().kind(),
                                            names.getLast().kind()));
                }
            }
            case 'Q' -> push(objects.storage(pop(), at));
            case 'R' -> {
                PickleValue arguments = pop();
                push(objects.call(pop(), arguments, at));
            }
            case 0x81 -> {
                PickleValue arguments = pop();
                push(objects.make(pop(), arguments, at));
            }
            case 'b' -> {
                PickleValue state = pop();
                objects.checkState(top(), state, at);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private Global global(String module, String name) {
        return Global.find(module, name)
                .orElseThrow(() -> new Unsupported(
                        "%sthe name %s (a pickle is a program; only what tensors are built from is understood, and nothing is run)"
                                .formatted(in.where(at), FileText.quote(module + "." + name)),
                        Global.names()));
    }

    private void push(PickleValue value) {
        stack.add(value);
    }

    private int floor() {
        return marks.isEmpty() ? 0 : marks.getLast();
    }

    private void requireValues(int count) {
        int found = stack.size() - floor();
        if (found < count) {
            throw in.malformed(
                    at, "expected %d values on the stack, found %d since the last mark".formatted(count, found));
        }
    }

    private PickleValue top() {
        requireValues(1);
        return stack.getLast();
    }

    private PickleValue pop() {
        requireValues(1);
        return stack.removeLast();
    }

    private List<PickleValue> popMany(int count) {
        requireValues(count);
        return popFrom(stack.size() - count);
    }

    private List<PickleValue> popMark() {
        if (marks.isEmpty()) {
            throw in.malformed(at, "expected a mark on the stack, found none");
        }
        return popFrom(marks.removeLast());
    }

    private List<PickleValue> popFrom(int from) {
        List<PickleValue> top = stack.subList(from, stack.size());
        List<PickleValue> popped = List.copyOf(top);
        top.clear();
        return popped;
    }

    private MalformedFile unexpected(String expected, PickleValue found) {
        return in.malformed(at, "expected %s, found %s".formatted(expected, found.kind()));
    }
}
