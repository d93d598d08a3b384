package dev.excitor.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;

/// Recorded truth about a model: what was asked, and the logits and tokens that came out elsewhere.
record Oracle(JsonNode facts, float[][] logits) {

    /// @param json   facts
    /// @param logits NumPy file, float32 `[tokens, vocabulary]`
    static Oracle read(Path json, Path logits) {
        try {
            return new Oracle(new ObjectMapper().readTree(Files.readAllBytes(json)), npy(Files.readAllBytes(logits)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int[] ints(String field) {
        return StreamSupport.stream(facts.get(field).spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    double[] doubles(String field) {
        return StreamSupport.stream(facts.get(field).spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    /// Standard deviation of all logits, the unit of agreement.
    double deviation() {
        double sum = 0;
        double squares = 0;
        long count = 0;
        for (float[] row : logits) {
            for (float logit : row) {
                sum += logit;
                squares += (double) logit * logit;
                count++;
            }
        }
        double mean = sum / count;
        return Math.sqrt(squares / count - mean * mean);
    }

    /// The largest difference of any logit, in standard deviations.
    double distance(float[][] others) {
        double worst = 0;
        for (int row = 0; row < logits.length; row++) {
            for (int i = 0; i < logits[row].length; i++) {
                double difference = Math.abs((double) logits[row][i] - others[row][i]);
                worst = Math.max(worst, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
            }
        }
        return worst / deviation();
    }

    /// The largest difference of two rows, in standard deviations of the oracle's logits.
    double distanceOfRow(float[] one, float[] other) {
        double worst = 0;
        for (int i = 0; i < one.length; i++) {
            worst = Math.max(worst, Math.abs((double) one[i] - other[i]));
        }
        return worst / deviation();
    }

    private static float[][] npy(byte[] file) {
        ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int headerLength = Short.toUnsignedInt(buffer.getShort(8));
        String header = new String(file, 10, headerLength, StandardCharsets.US_ASCII);
        if (!header.contains("'<f4'") || header.contains("'fortran_order': True")) {
            throw new IllegalArgumentException("expected a C-ordered float32 array: " + header);
        }
        String[] shape = header.replaceAll(".*\\(([^)]*)\\).*", "$1").strip().split(", *", 2);
        float[][] rows = new float[Integer.parseInt(shape[0])][Integer.parseInt(shape[1])];
        buffer.position(10 + headerLength);
        for (float[] row : rows) {
            buffer.asFloatBuffer().get(row);
            buffer.position(buffer.position() + 4 * row.length);
        }
        return rows;
    }
}
