package dev.excitor.loaders.pytorch;

import dev.excitor.loaders.tensors.Dtype;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The names that a pickle may say. Nothing behind them is loaded or called: what each means is written here.
enum Global implements PickleValue {
    ORDERED_DICT("collections", "OrderedDict"),
    REBUILD_TENSOR("torch._utils", "_rebuild_tensor_v2"),
    REBUILD_PARAMETER("torch._utils", "_rebuild_parameter"),
    /// The options of a training program: passed over.
    NAMESPACE("argparse", "Namespace"),

    FLOAT_STORAGE("torch", "FloatStorage", Dtype.F32),
    HALF_STORAGE("torch", "HalfStorage", Dtype.F16),
    BFLOAT16_STORAGE("torch", "BFloat16Storage", Dtype.BF16),
    DOUBLE_STORAGE("torch", "DoubleStorage", Dtype.F64),
    LONG_STORAGE("torch", "LongStorage", Dtype.I64),
    INT_STORAGE("torch", "IntStorage", Dtype.I32),
    SHORT_STORAGE("torch", "ShortStorage", Dtype.I16),
    CHAR_STORAGE("torch", "CharStorage", Dtype.I8),
    BYTE_STORAGE("torch", "ByteStorage", Dtype.U8),
    BOOL_STORAGE("torch", "BoolStorage", Dtype.BOOL),
    UNTYPED_STORAGE("torch.storage", "UntypedStorage", Dtype.U8),
    OLDER_UNTYPED_STORAGE("torch.storage", "_UntypedStorage", Dtype.U8);

    private final String module;
    private final String member;
    private final Optional<Dtype> dtype;

    Global(String module, String member) {
        this(module, member, Optional.empty());
    }

    Global(String module, String member, Dtype dtype) {
        this(module, member, Optional.of(dtype));
    }

    Global(String module, String member, Optional<Dtype> dtype) {
        this.module = module;
        this.member = member;
        this.dtype = dtype;
    }

    static Optional<Global> find(String module, String member) {
        return Arrays.stream(values())
                .filter(global -> global.module.equals(module) && global.member.equals(member))
                .findFirst();
    }

    /// The type of the elements, where it names a storage.
    Optional<Dtype> dtype() {
        return dtype;
    }

    static List<String> names() {
        return Arrays.stream(values()).map(Global::qualified).toList();
    }

    private String qualified() {
        return module + "." + member;
    }

    @Override
    public String kind() {
        return qualified();
    }
}
