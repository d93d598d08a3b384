package dev.excitor.model.tokenizer;

import java.util.Objects;

/// A part of a text of which some was written by the program and some by strangers.
///
/// @param text         the part, as it stands
/// @param parseSpecial whether the text of a control token, such as `<|eot_id|>`, is that token here: true for markup,
///                     false for what a user or a model wrote, where it stays text
public record Segment(String text, boolean parseSpecial) {

    public Segment {
        Objects.requireNonNull(text, "text");
    }

    /// Text the program wrote itself: control tokens count.
    public static Segment markup(String text) {
        return new Segment(text, true);
    }

    /// Text from elsewhere: nothing in it is a control token.
    public static Segment content(String text) {
        return new Segment(text, false);
    }
}
