package dev.excitor.loaders.gguf;

/// Where a validated metadata value lies in the header's bytes; it is decoded when somebody asks.
///
/// @param type    the type of a single value, or of each element of an array
/// @param array   whether it is an array
/// @param count   elements of an array; 1 for a single value
/// @param at      byte of the value (of the first element of an array)
/// @param end     byte after the value
record GgufValue(GgufType type, boolean array, int count, int at, int end) {

    /// For messages: "a string", "an array of 512 float32".
    String kind() {
        if (array) {
            return "an array of %d %s".formatted(count, type);
        }
        return (type.isInteger() && type.name().startsWith("I") ? "an " : "a ") + type;
    }
}
