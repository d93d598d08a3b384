package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawGguf.cat;
import static dev.excitor.loaders.attacks.RawGguf.u16;
import static dev.excitor.loaders.attacks.RawGguf.u32;
import static dev.excitor.loaders.attacks.RawGguf.u64;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/// Puts a zip archive together byte by byte, laid out as `torch.save` does it, checking nothing and sharing no code
/// with the reader.
public final class RawZip {

    static final int STORED = 0;
    static final int DEFLATED = 8;

    private static final int LOCAL = 0x0403_4b50;
    private static final int CENTRAL = 0x0201_4b50;
    private static final int END = 0x0605_4b50;
    private static final int END_64 = 0x0606_4b50;
    private static final int LOCATOR_64 = 0x0706_4b50;
    private static final int ALIGNMENT = 64;

    /// One entry with everything that its headers may lie about.
    static final class Entry {
        private final byte[] name;
        private byte[] localName;
        private byte[] bytes;
        private int method = STORED;
        private int flags = 0x0808;
        private long size;
        private long storedSize;
        private int checksum;
        private long headerAt = -1;
        private boolean zip64;
        private boolean zip64Cut;

        private Entry(String name, byte[] content) {
            this.name = name.getBytes(StandardCharsets.UTF_8);
            this.localName = this.name;
            this.bytes = content;
            this.size = content.length;
            this.storedSize = content.length;
            var crc = new CRC32();
            crc.update(content);
            this.checksum = (int) crc.getValue();
        }

        Entry deflate() {
            var deflater = new Deflater(9, true);
            deflater.setInput(bytes);
            deflater.finish();
            var compressed = new ByteArrayOutputStream();
            byte[] buffer = new byte[4096];
            while (!deflater.finished()) {
                compressed.write(buffer, 0, deflater.deflate(buffer));
            }
            deflater.end();
            bytes = compressed.toByteArray();
            storedSize = bytes.length;
            method = DEFLATED;
            return this;
        }

        Entry method(int number) {
            method = number;
            return this;
        }

        Entry encrypted() {
            flags |= 1;
            return this;
        }

        Entry bytes(byte[] other) {
            bytes = other;
            storedSize = other.length;
            return this;
        }

        Entry claimSize(long claimed) {
            size = claimed;
            return this;
        }

        Entry claimStored(long claimed) {
            storedSize = claimed;
            return this;
        }

        Entry claimHeaderAt(long claimed) {
            headerAt = claimed;
            return this;
        }

        Entry localName(String other) {
            localName = other.getBytes(StandardCharsets.UTF_8);
            return this;
        }

        Entry checksum(int other) {
            checksum = other;
            return this;
        }

        /// Sizes and place in the extra field for large entries.
        Entry zip64() {
            zip64 = true;
            return this;
        }

        /// As [#zip64] with an extra field that is too short.
        Entry zip64Cut() {
            zip64Cut = true;
            return zip64();
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private boolean zip64End = true;
    private long claimedEntries = -1;
    private long claimedDirectoryAt = -1;
    private long claimedDirectoryBytes = -1;
    private int disk;
    private byte[] before = {};

    /// A checkpoint: a pickle and storages "0", "1", … of these bytes.
    public static RawZip checkpoint(byte[] pickle, byte[]... storages) {
        var zip = new RawZip().entry("archive/data.pkl", pickle);
        for (int i = 0; i < storages.length; i++) {
            zip.entry("archive/data/" + i, storages[i]);
        }
        return zip.entry("archive/version", "3\n".getBytes(StandardCharsets.UTF_8));
    }

    /// A sound checkpoint: the tensor `w` of 2 x 3 floats.
    public static RawZip sound() {
        return checkpoint(RawPickle.dictOf("w", RawPickle.tensor("0", 2, 3)).end(), new byte[24]);
    }

    /// The same with the sizes of its entries in 64 bits.
    public static byte[] soundWithZip64() {
        RawZip zip = sound();
        zip.entries.forEach(Entry::zip64);
        return zip.bytes();
    }

    /// The same with an end of 32 bits alone.
    public static byte[] soundWithPlainEnd() {
        return sound().plainEnd().bytes();
    }

    /// A sound checkpoint with compressed entries: a tensor of floats.
    public static byte[] deflated(String name, byte[] numbers, long... sizes) {
        RawZip zip =
                checkpoint(RawPickle.dictOf(name, RawPickle.tensor("0", sizes)).end(), numbers);
        zip.entries.forEach(Entry::deflate);
        return zip.bytes();
    }

    RawZip entry(String name, byte[] content) {
        entries.add(new Entry(name, content));
        return this;
    }

    /// The entry that was added as number `index`.
    Entry entry(int index) {
        return entries.get(index);
    }

    /// Without the zip64 end that PyTorch always writes.
    RawZip plainEnd() {
        zip64End = false;
        return this;
    }

    RawZip claimEntries(long count) {
        claimedEntries = count;
        return this;
    }

    RawZip claimDirectory(long at, long bytes) {
        claimedDirectoryAt = at;
        claimedDirectoryBytes = bytes;
        return this;
    }

    RawZip disk(int number) {
        disk = number;
        return this;
    }

    RawZip before(byte[] bytes) {
        before = bytes;
        return this;
    }

    public byte[] bytes() {
        var out = new ByteArrayOutputStream();
        var directory = new ByteArrayOutputStream();
        out.writeBytes(before);
        for (Entry entry : entries) {
            long at = out.size();
            int padding = Math.floorMod(-(out.size() + 30 + entry.localName.length + 4), ALIGNMENT);
            out.writeBytes(cat(
                    u32(LOCAL),
                    u16(0),
                    u16(entry.flags),
                    u16(entry.method),
                    new byte[16],
                    u16(entry.localName.length),
                    u16(4 + padding),
                    entry.localName,
                    new byte[] {'F', 'B'},
                    u16(padding),
                    new byte[padding]));
            out.writeBytes(entry.bytes);
            directory.writeBytes(central(entry, entry.headerAt >= 0 ? entry.headerAt : at));
        }
        long directoryAt = claimedDirectoryAt >= 0 ? claimedDirectoryAt : out.size();
        long directoryBytes = claimedDirectoryAt >= 0 ? claimedDirectoryBytes : directory.size();
        long count = claimedEntries != -1 ? claimedEntries : entries.size();
        out.writeBytes(directory.toByteArray());
        long endAt = out.size();
        if (zip64End) {
            out.writeBytes(cat(
                    u32(END_64),
                    u64(44),
                    u16(0x031e),
                    u16(45),
                    u32(disk),
                    u32(0),
                    u64(count),
                    u64(count),
                    u64(directoryBytes),
                    u64(directoryAt)));
            out.writeBytes(cat(u32(LOCATOR_64), u32(0), u64(endAt), u32(1)));
        }
        out.writeBytes(cat(
                u32(END),
                u16(disk),
                u16(0),
                u16((int) count),
                u16((int) count),
                u32(directoryBytes),
                u32(directoryAt),
                u16(0)));
        return out.toByteArray();
    }

    private static byte[] central(Entry entry, long headerAt) {
        byte[] large = entry.zip64Cut
                ? cat(u16(1), u16(8), u64(entry.size))
                : cat(u16(1), u16(24), u64(entry.size), u64(entry.storedSize), u64(headerAt));
        byte[] extra = entry.zip64 ? large : new byte[0];
        long hidden = 0xffff_ffffL;
        return cat(
                u32(CENTRAL),
                u16(0),
                u16(0),
                u16(entry.flags),
                u16(entry.method),
                u32(0),
                u32(entry.checksum),
                u32(entry.zip64 ? hidden : entry.storedSize),
                u32(entry.zip64 ? hidden : entry.size),
                u16(entry.name.length),
                u16(extra.length),
                new byte[10],
                u32(entry.zip64 ? hidden : headerAt),
                entry.name,
                extra);
    }
}
