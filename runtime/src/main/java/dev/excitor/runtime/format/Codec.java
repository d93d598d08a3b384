package dev.excitor.runtime.format;

import dev.excitor.runtime.kernel.VectorApi;
import dev.excitor.runtime.vector.Lanes;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// Decodes and encodes a format as fast as this machine can, bit for bit as [Format#decode] and [Format#encode] do. Has
/// scratch of its own: one for each thread.
public final class Codec {

    /// A fast form of [Format#encode], with the same arguments.
    @FunctionalInterface
    public interface Encoder {
        void encode(float[] source, int from, int count, MemorySegment target, long at);
    }

    /// A fast form of [Format#decode], with the same arguments.
    @FunctionalInterface
    private interface Decoder {
        void decode(MemorySegment source, long at, float[] target, int from, int count);
    }

    private final Encoder encoder;
    private final Decoder decoder;

    private Codec(Encoder encoder, Decoder decoder) {
        this.encoder = encoder;
        this.decoder = decoder;
    }

    /// With vectors of the CPU's width, or without any where the Vector API is absent.
    public static Codec of(Format format) {
        return of(format, VectorApi.isAvailable() ? Lanes.preferredBits() : 0);
    }

    /// As many as there are threads.
    public static List<Codec> ofThreads(Format format, int threads) {
        return IntStream.range(0, threads).mapToObj(i -> of(format)).toList();
    }

    /// @param bits width of the vectors: 128, 256 or 512, or 0 for the scalar definitions
    static Codec of(Format format, int bits) {
        if (bits == 0) {
            return new Codec(format::encode, format::decode);
        }
        Optional<Decoder> kernel = format.vectorKernel().map(template -> VectorKernel.of(template, bits)::decode);
        return new Codec(format.encoder(bits), kernel.orElse(format::decode));
    }

    /// As [Format#decode].
    public void decode(MemorySegment source, long at, float[] target, int from, int count) {
        decoder.decode(source, at, target, from, count);
    }

    /// As [Format#encode].
    public void encode(float[] source, int from, int count, MemorySegment target, long at) {
        encoder.encode(source, from, count, target, at);
    }
}
