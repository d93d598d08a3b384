package dev.excitor.model.chat;

import dev.excitor.model.tokenizer.Segment;
import java.util.ArrayList;
import java.util.List;

/// Collects segments; neighbours of one kind become one, empty ones none.
final class SegmentBuilder {

    private final List<Segment> segments = new ArrayList<>();

    SegmentBuilder markup(String text) {
        return add(Segment.markup(text));
    }

    SegmentBuilder content(String text) {
        return add(Segment.content(text));
    }

    private SegmentBuilder add(Segment segment) {
        if (segment.text().isEmpty()) {
            return this;
        }
        if (!segments.isEmpty() && segments.getLast().parseSpecial() == segment.parseSpecial()) {
            segment = new Segment(segments.removeLast().text() + segment.text(), segment.parseSpecial());
        }
        segments.add(segment);
        return this;
    }

    List<Segment> build() {
        return List.copyOf(segments);
    }
}
