import dev.excitor.model.Model;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.train.AdapterSettings;
import dev.excitor.train.ExcitorTrainer;
import dev.excitor.train.TrainingOptions;
import dev.excitor.train.data.DataOptions;
import dev.excitor.train.data.TrainingData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Trains an adapter on fifty instructions, and shows what the model answers without and with it:
///
///     ./excitor --version
///     java -p .excitor/$(cat .excitor/current) --add-modules dev.excitor.train,dev.excitor.loaders \
///         --enable-native-access=dev.excitor.runtime examples/TrainAdapter.java MODEL.gguf
void main(String[] arguments) throws Exception {
    Path base = Path.of(arguments[0]);
    Path data = Files.createTempFile("colours", ".jsonl");
    Path adapterFile = Path.of("colours.excitor.gguf");
    Files.write(data, records());
    try (Model model = Model.open(base);
            ExcitorTrainer trainer = new ExcitorTrainer(
                    model,
                    AdapterSettings.defaults(),
                    TrainingOptions.defaults().length(256).batch(10).epochs(12).learningRate(0.02f))) {
        TrainingData examples = TrainingData.read(data, DataOptions.of(model, "alpaca", 256));
        trainer.train(
                examples.examples(),
                step -> System.out.printf("update %d of %d: loss %.3f%n", step.step(), step.steps(), step.loss()));
        trainer.write(adapterFile);
        String prompt = prompt("What is the ball like?");
        SessionOptions plain = SessionOptions.defaults().context(512);
        for (SessionOptions options : List.of(plain, plain.adapter(Adapter.open(adapterFile)))) {
            try (var session = model.newSession(options)) {
                StringBuilder answer = new StringBuilder();
                session.generate(prompt, wanted -> wanted.maxTokens(24).seed(1)).forEach(answer::append);
                System.out.printf("%n%s adapter: %s%n", options.adapter().isEmpty() ? "without" : "with", answer);
            }
        }
    }
}

static List<String> records() {
    List<String> lines = new ArrayList<>();
    for (String thing : List.of("ball", "car", "hat", "box", "cat", "dog", "bird", "tree", "house", "boat")) {
        for (String question : List.of("What is the %s like?", "Tell me about the %s.", "Look at the %s!",
                "Do you like the %s?", "Where is the %s?")) {
            lines.add("{\"instruction\": \"%s\", \"output\": \"The %s is big and red.\"}"
                    .formatted(question.formatted(thing), thing));
        }
    }
    return lines;
}

/// As training renders it.
static String prompt(String instruction) {
    return "Below is an instruction that describes a task. Write a response that appropriately completes the request."
            + "\n\n### Instruction:\n%s\n\n### Response:".formatted(instruction);
}
