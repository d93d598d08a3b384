package dev.excitor.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A NumPy file of float32 `[rows, cols]`, read as NumPy does.
record Npy(String header, float[][] rows) {

    static Npy read(Path path) throws IOException {
        byte[] file = Files.readAllBytes(path);
        ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int length = Short.toUnsignedInt(buffer.getShort(8));
        String header = new String(file, 10, length, StandardCharsets.US_ASCII);
        String[] shape = header.replaceAll(".*\\(([^)]*)\\).*", "$1").strip().split(", *", 2);
        float[][] rows = new float[Integer.parseInt(shape[0])][Integer.parseInt(shape[1])];
        buffer.position(10 + length);
        for (float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = buffer.getFloat();
            }
        }
        if (buffer.hasRemaining()) {
            throw new IOException(path + ": there is more than its header says");
        }
        return new Npy(header, rows);
    }

    /// The largest difference to another, in standard deviations of this.
    double distance(Npy other) {
        double sum = 0;
        double squares = 0;
        double worst = 0;
        for (int row = 0; row < rows.length; row++) {
            for (int i = 0; i < rows[row].length; i++) {
                sum += rows[row][i];
                squares += (double) rows[row][i] * rows[row][i];
                double difference = Math.abs((double) rows[row][i] - other.rows[row][i]);
                worst = Math.max(worst, Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference);
            }
        }
        double count = (double) rows.length * rows[0].length;
        double mean = sum / count;
        return worst / Math.sqrt(squares / count - mean * mean);
    }
}
