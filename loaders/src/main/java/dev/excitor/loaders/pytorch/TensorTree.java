package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.file.FileText;
import dev.excitor.loaders.pytorch.PickleValue.Dict;
import dev.excitor.loaders.pytorch.PickleValue.Int;
import dev.excitor.loaders.pytorch.PickleValue.Sequence;
import dev.excitor.loaders.pytorch.PickleValue.Text;
import dev.excitor.loaders.pytorch.PickleValue.Tuple;
import dev.excitor.loaders.pytorch.PickleValue.View;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Finds the tensors in what a pickle has built, and names each after the way there: `model.layers.0.weight` is what
/// stands in the dict `model` under `layers.0.weight`.
///
/// A value may contain itself, and a few dicts that hold each other twice make a tree of any size: hence the limits.
final class TensorTree {

    private static final int MAX_DEPTH = 16;
    private static final int MAX_VALUES = 1 << 18;
    private static final int MAX_TENSORS = 1 << 17;
    private static final int MAX_NAME = 255;

    private final Path path;
    private final SequencedMap<String, View> tensors = new LinkedHashMap<>();
    private int values;

    private TensorTree(Path path) {
        this.path = path;
    }

    /// @param root a dict
    /// @throws MalformedFile when there is something else, or the tree is deeper or larger than any checkpoint's
    static SequencedMap<String, View> tensors(Path path, PickleValue root) {
        var tree = new TensorTree(path);
        if (!(root instanceof Dict dict)) {
            throw tree.malformed("expected a dict of tensors, found " + root.kind());
        }
        tree.dict("", dict, 1);
        return tree.tensors;
    }

    private void dict(String prefix, Dict dict, int depth) {
        for (int i = 0; i < dict.keys().size(); i++) {
            PickleValue key = dict.keys().get(i);
            String name = switch (key) {
                case Text text -> text.value();
                case Int number -> Long.toString(number.value());
                default ->
                    throw malformed("expected strings or numbers as keys of a dict%s, found %s"
                            .formatted(inside(prefix), key.kind()));
            };
            visit(prefix, name, dict.values().get(i), depth);
        }
    }

    private void items(String prefix, List<PickleValue> items, int depth) {
        for (int i = 0; i < items.size(); i++) {
            visit(prefix, Integer.toString(i), items.get(i), depth);
        }
    }

    private void visit(String prefix, String name, PickleValue value, int depth) {
        if (++values > MAX_VALUES) {
            throw malformed("expected at most %d values, found more".formatted(MAX_VALUES));
        }
        switch (value) {
            case View view -> tensor(join(prefix, name), view);
            case Dict dict -> dict(deeper(prefix, name, depth), dict, depth + 1);
            case Sequence list -> items(deeper(prefix, name, depth), list.items(), depth + 1);
            case Tuple tuple -> items(deeper(prefix, name, depth), tuple.items(), depth + 1);
            default -> {}
        }
    }

    private void tensor(String name, View view) {
        if (tensors.putIfAbsent(name, view) != null) {
            throw malformed("tensor %s: expected once, found again".formatted(FileText.quote(name)));
        }
        if (tensors.size() > MAX_TENSORS) {
            throw malformed("expected at most %d tensors, found more".formatted(MAX_TENSORS));
        }
    }

    private String deeper(String prefix, String name, int depth) {
        if (depth == MAX_DEPTH) {
            throw malformed("expected at most %d dicts, lists and tuples in each other, found more%s"
                    .formatted(MAX_DEPTH, inside(prefix)));
        }
        return join(prefix, name);
    }

    private String join(String prefix, String name) {
        if (prefix.length() + 1 + name.length() > MAX_NAME) {
            throw malformed("the name of a tensor%s: expected at most %d characters, found more: %s"
                    .formatted(inside(prefix), MAX_NAME, FileText.quote(name)));
        }
        return prefix.isEmpty() ? name : prefix + "." + name;
    }

    private static String inside(String prefix) {
        return prefix.isEmpty() ? "" : " inside " + FileText.quote(prefix);
    }

    private MalformedFile malformed(String what) {
        return new MalformedFile(path, -1, what);
    }
}
