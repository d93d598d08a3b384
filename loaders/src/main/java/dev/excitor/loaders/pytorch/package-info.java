/// PyTorch checkpoints, `.pth`, `.pt` and `.bin`, as `torch.save` writes them since PyTorch 1.6: [TorchFile].
///
/// ```text
///  a zip archive, entries stored (not compressed) and aligned to 64 bytes
///    NAME/data.pkl     a pickle that builds the tree of dicts, lists and tensors
///    NAME/data/KEY     the elements of one storage, little-endian
///    NAME/byteorder    "little" (since 2.1)
///    NAME/version      "3"
/// ```
///
/// A pickle is a program for a stack machine that may call any function of Python. Here it may name only what tensors
/// are built from ([Global]); everything else is refused by its name, and nothing is ever run or loaded.
///
/// After the documentation of PyTorch ("Serialization semantics"), of Python's `pickletools`, and PKWARE's APPNOTE.
package dev.excitor.loaders.pytorch;
