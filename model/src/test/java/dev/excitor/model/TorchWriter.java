package dev.excitor.model;

import dev.excitor.runtime.format.Format;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// Writes a PyTorch checkpoint as `torch.save` lays it out: a pickle of protocol 2 and a stored, aligned entry for each
/// tensor.
final class TorchWriter {

    private static final int ALIGNMENT = 64;

    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    private final List<byte[]> storages = new ArrayList<>();

    TorchWriter() {
        pickle.writeBytes(new byte[] {(byte) 0x80, 2, '}', '('});
    }

    /// @param data the elements, row-major
    TorchWriter tensor(String name, Format format, List<Integer> shape, byte[] data) {
        String storage = switch (format.name()) {
            case "F32" -> "FloatStorage";
            case "F16" -> "HalfStorage";
            case "BF16" -> "BFloat16Storage";
            default -> throw new IllegalArgumentException(format.name());
        };
        int count = shape.stream().reduce(1, Math::multiplyExact);
        text(name);
        global("torch._utils", "_rebuild_tensor_v2");
        pickle.writeBytes(new byte[] {'(', '('});
        text("storage");
        global("torch", storage);
        text(Integer.toString(storages.size()));
        text("cpu");
        number(count);
        pickle.writeBytes(new byte[] {'t', 'Q'});
        number(0);
        pickle.write('(');
        shape.forEach(this::number);
        pickle.writeBytes(new byte[] {'t', '('});
        int stride = count;
        for (int extent : shape) {
            stride /= extent;
            number(stride);
        }
        pickle.writeBytes(new byte[] {'t', (byte) 0x89});
        global("collections", "OrderedDict");
        pickle.writeBytes(new byte[] {')', 'R', 't', 'R'});
        storages.add(data);
        return this;
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        pickle.write('X');
        pickle.writeBytes(little(utf8.length));
        pickle.writeBytes(utf8);
    }

    private void number(int value) {
        pickle.write('J');
        pickle.writeBytes(little(value));
    }

    private void global(String module, String name) {
        pickle.writeBytes("c%s\n%s\n".formatted(module, name).getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] little(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    void write(Path path) throws IOException {
        pickle.writeBytes(new byte[] {'u', '.'});
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            entry(zip, bytes, "consolidated/data.pkl", pickle.toByteArray());
            for (int i = 0; i < storages.size(); i++) {
                entry(zip, bytes, "consolidated/data/" + i, storages.get(i));
            }
            entry(zip, bytes, "consolidated/version", "3\n".getBytes(StandardCharsets.UTF_8));
        }
        try (OutputStream out = Files.newOutputStream(path)) {
            bytes.writeTo(out);
        }
    }

    private static void entry(ZipOutputStream zip, ByteArrayOutputStream written, String name, byte[] content)
            throws IOException {
        zip.flush();
        int header = 30 + name.length() + 4;
        int padding = Math.floorMod(-(written.size() + header), ALIGNMENT);
        byte[] extra = new byte[4 + padding];
        ByteBuffer.wrap(extra)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) 0x4246)
                .putShort((short) padding);
        var crc = new CRC32();
        crc.update(content);
        var entry = new ZipEntry(name);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
        entry.setExtra(extra);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /// The bytes of native memory.
    static byte[] bytes(MemorySegment data) {
        return data.toArray(ValueLayout.JAVA_BYTE);
    }
}
