package dev.excitor.loaders.attacks;

import static dev.excitor.loaders.attacks.RawDirectory.CONFIG;
import static dev.excitor.loaders.attacks.RawDirectory.TOKENIZER;
import static dev.excitor.loaders.attacks.RawDirectory.WEIGHTS;
import static dev.excitor.loaders.attacks.RawDirectory.sound;
import static dev.excitor.loaders.attacks.RawSafetensors.header;
import static dev.excitor.loaders.attacks.RawSafetensors.tensor;

import dev.excitor.loaders.huggingface.HuggingFaceReader;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.ExcitorException.MalformedFile;
import dev.excitor.runtime.ExcitorException.Unsupported;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/// Attacks on the directories of Hugging Face: settings, vocabulary, weights.
final class HuggingFaceAttacks {

    private HuggingFaceAttacks() {}

    static List<Attack> all() {
        return Stream.of(settings(), rotations(), vocabularies(), roles(), weights())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Attack> settings() {
        return List.of(
                malformed(
                        901,
                        "config-is-a-list",
                        "Settings that are no object.",
                        sound().file(CONFIG, "[]"),
                        "the JSON text: expected an object, found an array"),
                malformed(
                        902,
                        "config-empty",
                        "No byte of settings.",
                        sound().file(CONFIG, ""),
                        "expected an object, found the end of the text"),
                malformed(
                        903,
                        "setting-twice",
                        "A width that is checked and another that is used.",
                        config("\"hidden_size\":8", "\"hidden_size\":8,\"hidden_size\":16"),
                        "Duplicate"),
                unsupported(
                        904,
                        "architecture-unknown",
                        "Another family, whose numbers would be wrong and not noticed.",
                        config("LlamaForCausalLM", "GemmaForCausalLM"),
                        "architectures = GemmaForCausalLM",
                        "MistralForCausalLM"),
                unsupported(
                        905,
                        "weights-quantized",
                        "Weights packed in a way that only another program knows.",
                        config("\"rope_scaling\":null", "\"quantization_config\":{\"quant_method\":\"awq\"}"),
                        "quantization_config"),
                unsupported(
                        906,
                        "activation-unknown",
                        "An activation that is another function.",
                        config("\"silu\"", "\"gelu\""),
                        "hidden_act = 'gelu'"),
                unsupported(
                        907,
                        "experts",
                        "A mixture of experts under LLaMA's name.",
                        config("\"rope_scaling\":null", "\"num_local_experts\":8"),
                        "num_local_experts"),
                malformed(
                        908,
                        "vocabulary-unsaid",
                        "No size of the vocabulary.",
                        config("\"vocab_size\":6,", ""),
                        "field vocab_size: expected an integer from 1 to 4194304, found no such field"),
                malformed(
                        909,
                        "vocabulary-2^31",
                        "A vocabulary for which nobody has memory.",
                        config("\"vocab_size\":6", "\"vocab_size\":2147483648"),
                        "found 2147483648"),
                malformed(
                        910,
                        "vocabulary-as-text",
                        "A number as text.",
                        config("\"vocab_size\":6", "\"vocab_size\":\"6\""),
                        "expected an integer, found '6'"),
                malformed(
                        911,
                        "vocabulary-1e400",
                        "A number that is infinite as a double.",
                        config("\"vocab_size\":6", "\"vocab_size\":1e400"),
                        "field vocab_size"),
                malformed(
                        912,
                        "no-heads",
                        "A number of heads to divide by.",
                        config("\"num_attention_heads\":2", "\"num_attention_heads\":0"),
                        "field num_attention_heads",
                        "found 0"),
                malformed(
                        913,
                        "heads-do-not-divide",
                        "Heads of a broken width.",
                        config("\"num_attention_heads\":2", "\"num_attention_heads\":3"),
                        "field hidden_size: expected a multiple of the 3 heads"),
                malformed(
                        914,
                        "head-of-three",
                        "A head without pairs.",
                        config("\"num_attention_heads\":2", "\"num_attention_heads\":2,\"head_dim\":3"),
                        "field head_dim: expected an even number"),
                malformed(
                        915,
                        "layers-minus-one",
                        "A negative number of layers.",
                        config("\"num_hidden_layers\":1", "\"num_hidden_layers\":-1"),
                        "field num_hidden_layers",
                        "found -1"),
                malformed(
                        916,
                        "settings-in-latin-1",
                        "A name in another encoding.",
                        sound().file(CONFIG, "{\"a\":\"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1)),
                        "byte 6",
                        "expected text in UTF-8"));
    }

    private static List<Attack> rotations() {
        return List.of(
                unsupported(
                        921,
                        "rope-dynamic",
                        "A scaling that changes with the text's length.",
                        rope("{\"rope_type\":\"dynamic\",\"factor\":2.0}"),
                        "rope_scaling.rope_type = dynamic",
                        "llama3"),
                unsupported(
                        922,
                        "rope-unread",
                        "A setting of the scaling that nobody would read.",
                        rope("{\"type\":\"yarn\",\"factor\":2.0,\"mscale\":0.7}"),
                        "field rope_scaling.mscale"),
                malformed(
                        923,
                        "rope-factor-0",
                        "A factor to divide by.",
                        rope("{\"type\":\"linear\",\"factor\":0}"),
                        "field rope_scaling.factor: expected a finite positive number"),
                malformed(
                        924,
                        "rope-factor-tiny",
                        "A factor that is 0 as a float.",
                        rope("{\"type\":\"linear\",\"factor\":1e-60}"),
                        "field rope_scaling.factor"),
                malformed(
                        925,
                        "rope-factor-unsaid",
                        "A scaling without a factor.",
                        rope("{\"type\":\"linear\"}"),
                        "found no such field"),
                malformed(
                        926,
                        "rope-nan",
                        "A number that JSON has not.",
                        rope("{\"type\":\"linear\",\"factor\":NaN}"),
                        "expected JSON within limits"),
                malformed(
                        927,
                        "rope-bands-crossed",
                        "Bands of frequencies in the wrong order: a division by nothing or less.",
                        rope(
                                "{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":4.0,\"high_freq_factor\":4.0,\"original_max_position_embeddings\":8}"),
                        "field rope_scaling.high_freq_factor"),
                malformed(
                        928,
                        "rope-is-a-list",
                        "A scaling that is no object.",
                        rope("[1]"),
                        "field rope_scaling: expected an object"),
                malformed(
                        929,
                        "rope-base-minus-one",
                        "A negative base of the frequencies.",
                        config("\"rope_theta\":10000.0", "\"rope_theta\":-1"),
                        "field rope_theta"),
                unsupported(
                        930,
                        "rope-partial",
                        "Heads of which only a part turns.",
                        config("\"rope_scaling\":null", "\"partial_rotary_factor\":0.5"),
                        "partial_rotary_factor = 0.5"));
    }

    private static List<Attack> vocabularies() {
        return List.of(
                malformed(
                        941,
                        "tokenizer-absent",
                        "No vocabulary.",
                        sound().without(TOKENIZER),
                        "tokenizer.json or a tokenizer.model"),
                malformed(
                        942,
                        "tokenizer-without-a-model",
                        "A tokenizer of steps alone.",
                        sound().file(TOKENIZER, "{\"added_tokens\":[]}"),
                        "field model"),
                unsupported(
                        943,
                        "tokenizer-of-another-kind",
                        "A vocabulary of another kind.",
                        tokenizer("\"BPE\"", "\"WordPiece\""),
                        "model.type = 'WordPiece'"),
                malformed(
                        944,
                        "token-beyond-the-weights",
                        "A token for which the embedding has no row.",
                        tokenizer("\"a\":4", "\"a\":6"),
                        "model.vocab 'a': expected an id below the 6 tokens"),
                malformed(
                        945,
                        "token-minus-one",
                        "A token of a negative id.",
                        tokenizer("\"a\":4", "\"a\":-4"),
                        "found -4"),
                malformed(
                        946,
                        "token-4-twice",
                        "Two tokens of one id.",
                        tokenizer("\"\u2581a\":5", "\"\u2581a\":4"),
                        "expected one token of id 4"),
                malformed(
                        947,
                        "token-text-twice",
                        "A token of two ids.",
                        tokenizer("\"\u2581a\":5", "\"a\":5"),
                        "Duplicate"),
                malformed(
                        948,
                        "added-beyond",
                        "An added token for which the embedding has no row.",
                        tokenizer("\"id\":2", "\"id\":7"),
                        "field added_tokens[2].id",
                        "found 7"),
                malformed(
                        949,
                        "added-elsewhere",
                        "An added token under another id than in the vocabulary.",
                        tokenizer("{\"id\":2,\"content\":\"</s>\"", "{\"id\":4,\"content\":\"</s>\""),
                        "id 4"),
                malformed(
                        950,
                        "added-nothing",
                        "An added token of no text, which is found everywhere.",
                        tokenizer("\"content\":\"</s>\"", "\"content\":\"\""),
                        "field added_tokens[2].content"),
                malformed(
                        951,
                        "merge-of-strangers",
                        "A merge of what is no token.",
                        tokenizer("[\"\u2581 a\"]", "[\"\u2581 b\"]"),
                        "model.merges[0]",
                        "'b'"),
                malformed(
                        952,
                        "merge-without-space",
                        "A merge of one token.",
                        tokenizer("[\"\u2581 a\"]", "[\"\u2581a\"]"),
                        "model.merges[0]: expected two tokens with a space between them"),
                malformed(
                        953,
                        "merge-of-three",
                        "A merge of three tokens.",
                        tokenizer("[\"\u2581 a\"]", "[[\"\u2581\",\"a\",\"a\"]]"),
                        "model.merges[0]: expected the end of an array"),
                malformed(
                        954,
                        "merges-of-numbers",
                        "Merges that are numbers.",
                        tokenizer("[\"\u2581 a\"]", "[1]"),
                        "model.merges[0]: expected a string, found an integer"),
                unsupported(
                        955,
                        "merges-trained",
                        "Merges that were trained as such, read as scores: other tokens, and nothing would tell.",
                        tokenizer("[\"\u2581 a\"]", "[]"),
                        "which lack '\u2581' and 'a'"),
                unsupported(
                        956,
                        "steps-unknown",
                        "A step before the merges that nobody would take.",
                        tokenizer("\"pre_tokenizer\":null", "\"pre_tokenizer\":{\"type\":\"Whitespace\"}"),
                        "[prepend, replace, Whitespace]"),
                unsupported(
                        957,
                        "expression-unknown",
                        "Words cut by an expression of one's own.",
                        tokenizer(
                                        "\"pre_tokenizer\":null",
                                        "\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\"}]}")
                                .change(TOKENIZER, "\"normalizer\"", "\"unread\""),
                        "pre_tokenizer: Split((a+)+$)"),
                malformed(
                        958,
                        "sequences-nested",
                        "Sequences in sequences in sequences.",
                        tokenizer(
                                "\"pre_tokenizer\":null",
                                "\"pre_tokenizer\":" + "{\"type\":\"Sequence\",\"pretokenizers\":[".repeat(6)
                                        + "]}".repeat(6)),
                        "at most 4 sequences"),
                unsupported(
                        959,
                        "token-of-129-characters",
                        "A token whose splits are many: checking them all would be quadratic.",
                        tokenizer("\"a\":4", "\"a\":4,\"" + "b".repeat(129) + "\":5")
                                .change(TOKENIZER, ",\"\u2581a\":5", "")
                                .change(TOKENIZER, "[\"\u2581 a\"]", "[]"),
                        "of 129 characters"),
                malformed(
                        960,
                        "vocabulary-is-a-list",
                        "A vocabulary without ids.",
                        tokenizer("\"vocab\":{", "\"vocab\":[{").change(TOKENIZER, "5},", "5}],"),
                        "model.vocab: expected an object"));
    }

    private static List<Attack> roles() {
        return List.of(
                malformed(
                        971,
                        "eos-beyond",
                        "An end that is no token.",
                        sound().file("generation_config.json", "{\"eos_token_id\":[2,6]}"),
                        "generation_config.json",
                        "field eos_token_id: expected ids of the 6 tokens, found 6"),
                malformed(
                        972,
                        "eos-as-text",
                        "An end's id as text.",
                        sound().file("generation_config.json", "{\"eos_token_id\":[\"2\"]}"),
                        "field eos_token_id",
                        "found '2'"),
                malformed(
                        973,
                        "bos-unknown",
                        "A beginning that is no token.",
                        sound().file("tokenizer_config.json", "{\"bos_token\":\"<bos>\"}"),
                        "field bos_token: expected a token, found '<bos>'"),
                malformed(
                        974,
                        "template-as-number",
                        "A template that is a number.",
                        sound().file("tokenizer_config.json", "{\"chat_template\":1}"),
                        "field chat_template: expected a string"),
                malformed(
                        975,
                        "template-named-otherwise",
                        "A template whose name makes another key of it.",
                        sound().file(
                                        "tokenizer_config.json",
                                        "{\"chat_template\":[{\"name\":\"a.b\",\"template\":\"\"}]}"),
                        "field chat_template[0].name"),
                malformed(
                        976,
                        "template-not-utf-8",
                        "A template in another encoding.",
                        sound().file("chat_template.jinja", new byte[] {(byte) 0xff}),
                        "chat_template.jinja",
                        "expected UTF-8"),
                malformed(
                        977,
                        "tokenizer-settings-are-a-list",
                        "Settings of the tokenizer that are no object.",
                        sound().file("tokenizer_config.json", "[]"),
                        "tokenizer_config.json",
                        "expected an object"));
    }

    private static List<Attack> weights() {
        return List.of(
                malformed(
                        981,
                        "weights-absent",
                        "Settings without weights.",
                        sound().without(WEIGHTS),
                        "expected model.safetensors or model.safetensors.index.json, pytorch_model.bin or pytorch_model.bin.index.json"),
                malformed(
                        982,
                        "output-absent",
                        "No output matrix, and none that could stand for it.",
                        config("\"tie_word_embeddings\":true", "\"tie_word_embeddings\":false"),
                        "tensor lm_head.weight"),
                malformed(
                        983,
                        "tensor-under-two-names",
                        "A tensor under Hugging Face's name and another under GGUF's.",
                        weights(
                                32,
                                tensor("model.norm.weight", "F16", "[8]", "[0,16]"),
                                tensor("output_norm.weight", "F16", "[8]", "[16,32]")),
                        "tensor 'output_norm.weight': expected one"),
                unsupported(
                        984,
                        "tensor-of-integers",
                        "Weights of a type that no kernel reads.",
                        weights(32, tensor("model.norm.weight", "I32", "[8]", "[0,32]")),
                        "tensor 'model.norm.weight': its type I32"),
                malformed(
                        985,
                        "weights-of-nothing",
                        "A tensor without numbers.",
                        weights(0, tensor("model.norm.weight", "F32", "[0]", "[0,0]")),
                        "tensor 'model.norm.weight': expected numbers, found none in [0]"),
                malformed(
                        986,
                        "bias-unsaid",
                        "A bias that the settings deny.",
                        weights(
                                        32,
                                        tensor("model.layers.0.self_attn.q_proj.weight", "F16", "[1,8]", "[0,16]"),
                                        tensor("model.layers.0.self_attn.q_proj.bias", "F16", "[8]", "[16,32]"))
                                .change(CONFIG, "\"rope_scaling\":null", "\"attention_bias\":false"),
                        "tensor blk.0.attn_q.bias: expected none"),
                malformed(
                        987,
                        "frequencies-of-its-own",
                        "Divisors of the frequencies beside those that the settings make.",
                        weights(8, tensor("rope_freqs.weight", "F32", "[2]", "[0,8]"))
                                .change(
                                        CONFIG,
                                        "\"rope_scaling\":null",
                                        "\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,\"original_max_position_embeddings\":8}"),
                        "tensor rope_freqs.weight: expected none"),
                malformed(
                        988,
                        "torch-index-without-its-shard",
                        "An index of a shard that is not there.",
                        torchIndex("pytorch_model-00002-of-00002.bin"),
                        "pytorch_model-00002-of-00002.bin"),
                malformed(
                        989,
                        "torch-index-leads-out",
                        "An index of a file outside the directory.",
                        torchIndex("../../secret.bin"),
                        "expected the name of a file beside the index that ends in .bin, found '../../secret.bin'"),
                malformed(
                        990,
                        "torch-index-of-safetensors",
                        "An index of a file of another kind.",
                        torchIndex("model.safetensors"),
                        "ends in .bin"),
                malformed(
                        991,
                        "torch-shard-without-its-tensor",
                        "A shard without the tensor for which the index names it.",
                        torchIndex("1.bin").file("1.bin", torch("model.other")),
                        "tensor 'model.other': expected nowhere as pytorch_model.bin.index.json says"),
                malformed(
                        992,
                        "torch-shard-empty",
                        "A shard without any tensor.",
                        torchIndex("1.bin")
                                .file(
                                        "1.bin",
                                        RawZip.checkpoint(RawPickle.protocol(2)
                                                        .op('}')
                                                        .end())
                                                .bytes()),
                        "tensor 'model.norm.weight': expected in 1.bin, found no such tensor there"),
                malformed(
                        993,
                        "torch-weights-of-safetensors",
                        "Safetensors under PyTorch's name.",
                        sound().file("pytorch_model.bin", RawSafetensors.sound())
                                .without(WEIGHTS),
                        "pytorch_model.bin",
                        "zip archive"));
    }

    private static RawDirectory torchIndex(String shard) {
        return sound().without(WEIGHTS)
                .file(
                        "pytorch_model.bin.index.json",
                        "{\"weight_map\":{\"model.norm.weight\":\"%s\"}}".formatted(shard));
    }

    private static byte[] torch(String tensor) {
        return RawZip.checkpoint(
                        RawPickle.dictOf(tensor, RawPickle.tensor("0", 8)).end(), new byte[32])
                .bytes();
    }

    private static RawDirectory config(String from, String to) {
        return sound().change(CONFIG, from, to);
    }

    private static RawDirectory rope(String scaling) {
        return config("\"rope_scaling\":null", "\"rope_scaling\":" + scaling);
    }

    private static RawDirectory tokenizer(String from, String to) {
        return sound().change(TOKENIZER, from, to);
    }

    private static RawDirectory weights(int data, String... tensors) {
        return sound().file(WEIGHTS, RawSafetensors.file(header(tensors), data));
    }

    private static Attack malformed(int number, String name, String story, RawDirectory directory, String... parts) {
        return attack(number, name, story, directory, MalformedFile.class, parts);
    }

    private static Attack unsupported(int number, String name, String story, RawDirectory directory, String... parts) {
        return attack(number, name, story, directory, Unsupported.class, parts);
    }

    private static Attack attack(
            int number,
            String name,
            String story,
            RawDirectory directory,
            Class<? extends ExcitorException> expected,
            String... parts) {
        return new Attack(
                number,
                name,
                story,
                directory::write,
                (folder, memory) -> new HuggingFaceReader().read(folder, memory).close(),
                expected,
                List.of(parts));
    }
}
