package dev.excitor.runtime.ops;

import dev.excitor.runtime.vector.Lanes;
import dev.excitor.runtime.vector.Templates;

/// The operations of a transformer that are not matrix products, in one of their forms.
///
/// All activations are native, little-endian f32, row-major without gaps. Every operation is called by all members of a
/// team, each does its share, and the caller puts a barrier where a later step reads what another member wrote. Results
/// do not depend on the number of members. The scalar forms are the definitions.
public record Ops(
        RmsNorm rmsNorm,
        Rope rope,
        SwiGlu swiGlu,
        Softmax softmax,
        Add add,
        Attention attention,
        ExtraKeys extraKeys,
        Blas1 blas1,
        Gemm gemm,
        Gradients gradients) {

    /// The plain references.
    public static Ops scalar() {
        return new Ops(
                new RmsNorm.Scalar(),
                new Rope.Scalar(),
                new SwiGlu.Scalar(),
                new Softmax.Scalar(),
                new Add.Scalar(),
                new Attention.Scalar(),
                new PortableExtraKeys(new Blas1.Scalar()),
                new Blas1.Scalar(),
                new Gemm.Scalar(),
                new Gradients.Scalar());
    }

    /// The Vector API forms for one width.
    ///
    /// @param bits one of [Lanes#WIDTHS]
    public static Ops vector(int bits) {
        Lanes lanes = Lanes.ofBits(bits);
        Blas1 blas1 = Templates.instantiate(Blas1.Vector.class, Blas1.class, lanes);
        return new Ops(
                Templates.instantiate(RmsNorm.Vector.class, RmsNorm.class, lanes),
                Templates.instantiate(Rope.Vector.class, Rope.class, lanes),
                Templates.instantiate(SwiGlu.Vector.class, SwiGlu.class, lanes),
                Templates.instantiate(Softmax.Vector.class, Softmax.class, lanes),
                Templates.instantiate(Add.Vector.class, Add.class, lanes),
                Templates.instantiate(AttentionVector.class, Attention.class, lanes),
                new PortableExtraKeys(blas1),
                blas1,
                new VectorGemm(bits),
                Templates.instantiate(Gradients.Vector.class, Gradients.class, lanes));
    }
}
