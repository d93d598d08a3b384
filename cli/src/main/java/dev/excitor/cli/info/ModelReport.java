package dev.excitor.cli.info;

import dev.excitor.cli.Sizes;
import dev.excitor.model.Model;
import dev.excitor.model.arch.Decoder;
import dev.excitor.model.arch.Dimensions;
import dev.excitor.model.chat.ChatTemplate;
import dev.excitor.model.chat.ChatTemplates;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.model.tokenizer.Vocabulary;
import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.Tensor;
import dev.excitor.runtime.checkpoint.Checkpoint;
import dev.excitor.runtime.checkpoint.Metadata;
import dev.excitor.runtime.kernel.GpuState;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.kernel.Regime;
import dev.excitor.runtime.kv.KvLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What a model file holds, and what it takes to run it.
public final class ModelReport {

    private static final int PER_TOKENS = 1000;

    private final Report report;
    private final Checkpoint file;
    private final Metadata metadata;

    public ModelReport(Report report, Checkpoint file) {
        this.report = report;
        this.file = file;
        this.metadata = file.metadata();
    }

    /// What the file says, whether or not this program can run it: a file without weights has a tokenizer too.
    ///
    /// @param model what came of it, where it can be run
    public void describe(Optional<Model> model) throws IOException {
        Optional<Dimensions> bound = model.map(Model::dimensions);
        report.section(FileReport.title(file));
        text("name", "general.name");
        report.row("architecture", architecture());
        size("layers", "block_count", bound.map(Dimensions::layers));
        size("width", "embedding_length", bound.map(Dimensions::width));
        size("heads", "attention.head_count", bound.map(Dimensions::heads));
        size("key/value heads", "attention.head_count_kv", bound.map(Dimensions::kvHeads));
        size("head size", "attention.key_length", bound.map(Dimensions::keyDim));
        size("value head size", "attention.value_length", bound.map(Dimensions::valueDim));
        size("feed-forward", "feed_forward_length", Optional.empty());
        size("vocabulary", "vocab_size", bound.map(Dimensions::vocab));
        size("context", "context_length", bound.map(Dimensions::context));
        size("rope channels", "rope.dimension_count", bound.map(Dimensions::ropeDim));
        boolean stated = metadata.has(key("rope.freq_base"));
        report.row("rope base", stated ? metadata.describe(key("rope.freq_base")) : "not in the file, 10000 is usual");
        report.row("rope scaling", ropeScaling());
        report.row("parameters", file.tensors().isEmpty() ? "none, a vocabulary only" : FileReport.parameters(file));
        tokenizer(model);
    }

    private void text(String label, String key) {
        if (metadata.has(key)) {
            report.row(label, metadata.describe(key));
        }
    }

    private void size(String label, String name, Optional<Integer> bound) {
        String key = key(name);
        if (bound.isPresent()) {
            report.row(label, bound.get());
        } else {
            text(label, key);
        }
    }

    private String key(String name) {
        return architecture() + "." + name;
    }

    private String architecture() {
        return metadata.findString("general.architecture").orElse("unknown: the file does not say");
    }

    private String ropeScaling() {
        List<String> parts = new ArrayList<>();
        for (String name : List.of("type", "factor", "original_context_length")) {
            String key = key("rope.scaling." + name);
            if (metadata.has(key)) {
                parts.add(name + " " + metadata.describe(key));
            }
        }
        if (file.find("rope_freqs.weight").isPresent()) {
            parts.add("a divisor for each frequency (rope_freqs.weight)");
        }
        return parts.isEmpty() ? "none" : String.join(", ", parts);
    }

    private void tokenizer(Optional<Model> model) {
        report.section("Tokenizer");
        try {
            Tokenizer tokenizer = model.map(Model::tokenizer).orElseGet(() -> Tokenizer.of(metadata));
            Vocabulary vocabulary = tokenizer.vocabulary();
            report.row("kind", tokenizer.description());
            token("opens a text", vocabulary, vocabulary.bos(), tokenizer.addsBos());
            token("closes a text", vocabulary, vocabulary.eos(), tokenizer.addsEos());
            String ends = String.join(
                    ", ",
                    vocabulary.endOfGeneration().stream()
                            .sorted()
                            .map(id -> id + " " + vocabulary.token(id))
                            .toList());
            report.row("ends generation", ends.isEmpty() ? "none" : ends);
        } catch (ExcitorException unusable) {
            report.row("kind", String.valueOf(unusable.getMessage()));
        }
        report.row("chat template", orReason(this::chatTemplate));
    }

    private void token(String label, Vocabulary vocabulary, int id, boolean added) {
        if (id != Vocabulary.NONE) {
            report.row(label, "%d %s%s".formatted(id, vocabulary.token(id), added ? ", added to prompts" : ""));
        }
    }

    private String chatTemplate() {
        Optional<String> template = metadata.findString("tokenizer.chat_template");
        if (template.isEmpty()) {
            return "none in the file";
        }
        return ChatTemplates.recognise(template.get())
                .map(ChatTemplate::name)
                .orElseGet(() -> "%d characters, none of those known: %s"
                        .formatted(template.get().length(), String.join(", ", ChatTemplates.names())));
    }

    private static String orReason(Supplier<String> text) {
        try {
            return text.get();
        } catch (ExcitorException unusable) {
            return String.valueOf(unusable.getMessage());
        }
    }

    /// Memory that a text takes beside the weights.
    public void memory(Dimensions dims) {
        report.section("Memory for keys and values");
        for (KvLayout.Type type : KvLayout.Type.values()) {
            KvLayout layout = new KvLayout(dims.layers(), dims.kvHeads(), dims.keyDim(), dims.valueDim(), type);
            long bytes = layout.bytesPerPosition();
            report.row(
                    type.name().toLowerCase(Locale.ROOT) + " cache",
                    Sizes.bytes(PER_TOKENS * bytes) + " for 1,000 tokens",
                    String.format(Locale.ROOT, "%s for all %,d", Sizes.bytes(bytes * dims.context()), dims.context()));
        }
    }

    /// What came of the GPU; after the weights are bound, so that it knows how many it has.
    public void gpu(GpuState gpu) {
        report.section("GPU");
        switch (gpu) {
            case GpuState.NotWanted none -> report.row("not looked for: -ngl N gives the top N layers to one");
            case GpuState.Unusable unusable -> report.row("not used: " + unusable.reason());
            case GpuState.InUse used -> {
                report.row("device", used.device() + ", compute capability " + used.computeCapability());
                report.row("libraries", used.libraries());
                report.row(
                        "memory", "%s of %s were free".formatted(Sizes.bytes(used.free()), Sizes.bytes(used.total())));
                report.row(
                        "weights",
                        "%d matrices in %s, of %s that they may take"
                                .formatted(used.matrices(), Sizes.bytes(used.weights()), Sizes.bytes(used.budget())));
            }
        }
    }

    /// Which kernel each kind of matrix got in each regime, and why those asked before declined.
    public void kernels(Model model) {
        int threads = model.engine().threads(1);
        int batch = model.engine().threads(2);
        report.section("Kernels, on %d %s%s"
                .formatted(
                        threads,
                        threads == 1 ? "thread" : "threads",
                        batch == threads ? "" : ", %d for prompts".formatted(batch)));
        for (Regime regime : Regime.values()) {
            Map<String, Map<String, Integer>> users = new LinkedHashMap<>();
            Map<String, Kernels.Choice> choices = new LinkedHashMap<>();
            for (Decoder.NamedLinear matrix : model.matrices()) {
                Tensor weights = matrix.linear().weights();
                Kernels.Choice choice = regime == Regime.DECODE
                        ? matrix.linear().decode()
                        : matrix.linear().prefill();
                String kind = "%s %s %s:".formatted(weights.format().name(), weights.shape(), regime);
                choices.put(kind, choice);
                users.computeIfAbsent(kind, line -> new LinkedHashMap<>()).merge(matrix.name(), 1, Integer::sum);
            }
            choices.forEach((kind, choice) -> report.row(kind, choice, names(users.getOrDefault(kind, Map.of()))));
        }
    }

    /// `4 attn_q, 4 attn_output`.
    private static String names(Map<String, Integer> users) {
        return String.join(
                ", ",
                users.entrySet().stream()
                        .map(user -> user.getValue() + " " + user.getKey())
                        .toList());
    }

    /// Tensors of the file that the architecture does not use.
    public void leftovers(Model model) {
        report.section("Tensors that are not used");
        model.leftovers().forEach(report::row);
    }
}
