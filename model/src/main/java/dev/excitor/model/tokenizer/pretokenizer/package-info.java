/// How a text is cut into words before BPE merges: each word is merged on its own.
///
/// **To add a pre-tokenizer**, look its regular expressions up in the model's `tokenizer.json`, write an entry in
/// [Pretokenizers] that puts the scanners of this folder together in the order of the expressions, and add its name
/// (the value of `tokenizer.ggml.pre`) there. A new expression is a new file that implements [Splitter]; write a
/// scanner, not a `java.util.regex.Pattern`, whose recursion overflows the stack on long inputs. Then add pieces to
/// `PretokenizersTest`.
package dev.excitor.model.tokenizer.pretokenizer;
