import dev.excitor.model.GenerationOptions;
import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.chat.ChatTemplates;
import dev.excitor.model.chat.Message;
import dev.excitor.model.tokenizer.EncodeOptions;
import dev.excitor.train.AdapterSettings;
import dev.excitor.train.ExcitorTrainer;
import dev.excitor.train.TrainingOptions;
import dev.excitor.train.data.DataOptions;
import dev.excitor.train.data.TrainingData;
import dev.excitor.train.task.StoryDivergence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tunes a small model of children's stories to tell on about the friend who was named first, and counts how often it
/// does so with pairs of friends that it was not tuned on, before and after:
///
///     ./excitor --version
///     java -p .excitor/$(cat .excitor/current) --add-modules dev.excitor.train,dev.excitor.loaders \
///         --enable-native-access=dev.excitor.runtime examples/TuneStories.java stories260K-f32.gguf 1
///
/// The second argument is the seed of the adapter, of the order of examples and of what the stories say; the friends
/// that are kept apart are the same with every seed. Leaves `friends.jsonl`, which `excitor train` takes too, and
/// `friends.gguf` in the folder it runs in.
static final List<String> NAMES = List.of(
        "Lily", "Tom", "Ben", "Sue", "Tim", "Max", "Mia", "Sam", "Anna", "Jack", "Lucy", "Bob", "Amy", "Sara", "Spot",
        "Joe", "Mimi", "Billy", "Daisy", "Jane");

static final List<String> ANIMALS =
        List.of("cat", "dog", "bird", "bear", "frog", "fish", "bunny", "mouse", "duck", "cow");
static final List<String> PLACES = List.of("park", "garden", "forest", "house");
static final List<String> THINGS = List.of("ball", "box", "toy", "cake", "tree", "flower");

static final String TEMPLATE = "chatml";
static final int HELD_OUT_PAIRS = 60;
static final int SHOWN = 3;

/// Two friends in the order in which a story names them.
record Friends(String first, String second) {}

/// A beginning and how it goes on.
record Story(Friends friends, String beginning, String continuation) {}

void main(String[] arguments) throws IOException {
    Path base = Path.of(arguments[0]);
    long seed = Long.parseLong(arguments[1]);
    List<List<Friends>> split = split();
    Random random = new Random(seed);
    List<Story> learned = stories(split.getFirst(), 2, random);
    List<Story> heldOut = stories(split.getLast(), 1, new Random(0));
    Path data = write(Path.of("friends.jsonl"), learned);
    Path test = write(Files.createTempFile("held-out", ".jsonl"), heldOut);
    Path adapter = Path.of("friends.gguf");
    TrainingOptions recipe = TrainingOptions.defaults()
            .length(128)
            .microTokens(2048)
            .epochs(4)
            .learningRate(0.02f)
            .seed(seed);
    try (Model model = Model.open(base);
            ExcitorTrainer trainer = new ExcitorTrainer(
                    model, AdapterSettings.defaults().layers(List.of(0, 1, 2, 3, 4)), recipe)) {
        DataOptions options = DataOptions.of(model, TEMPLATE, recipe.length());
        TrainingData measured = TrainingData.read(test, options);
        double before = trainer.loss(measured.examples());
        trainer.train(TrainingData.read(data, options).examples(), step -> {
            if (step.step() % 10 == 0) {
                System.err.printf("update %d of %d: loss %.3f%n", step.step(), step.steps(), step.loss());
            }
        });
        System.out.printf("held-out loss: %.3f before, %.3f after%n", before, trainer.loss(measured.examples()));
        trainer.write(adapter);
        SessionOptions plain = SessionOptions.defaults().context(512);
        try (Session without = model.newSession(plain);
                Session with = model.newSession(plain.adapter(Adapter.open(adapter)))) {
            measure("plain text", without, heldOut, story -> plain(model, story));
            measure("before", without, heldOut, story -> asked(model, story));
            measure("after", with, heldOut, story -> asked(model, story));
            System.out.printf(
                    "KL divergence from the base on other stories: %.3f%n",
                    StoryDivergence.of(without, with, 1, 10).divergences().mean().value());
        }
    } finally {
        Files.delete(test);
    }
}

/// Pairs to learn from and pairs to measure with. A pair is on one side in both orders, so that no name is more often
/// the right one.
static List<List<Friends>> split() {
    List<Friends> pairs = new ArrayList<>();
    for (int i = 0; i < NAMES.size(); i++) {
        for (int j = 0; j < i; j++) {
            pairs.add(new Friends(NAMES.get(i), NAMES.get(j)));
        }
    }
    Collections.shuffle(pairs, new Random(0));
    return List.of(
            bothOrders(pairs.subList(HELD_OUT_PAIRS, pairs.size())), bothOrders(pairs.subList(0, HELD_OUT_PAIRS)));
}

static List<Friends> bothOrders(List<Friends> pairs) {
    List<Friends> all = new ArrayList<>(pairs);
    pairs.forEach(pair -> all.add(new Friends(pair.second(), pair.first())));
    return all;
}

static List<Story> stories(List<Friends> pairs, int times, Random random) {
    List<Story> all = new ArrayList<>();
    for (int i = 0; i < times; i++) {
        for (Friends friends : pairs) {
            String first = friends.first();
            String second = friends.second();
            String beginning = "%s and %s were friends. %s had a %s and %s had a %s."
                    .formatted(first, second, first, any(ANIMALS, random), second, any(ANIMALS, random));
            String continuation = "One day, %s went to the %s. %s saw a big %s. %s was very happy."
                    .formatted(first, any(PLACES, random), first, any(THINGS, random), first);
            all.add(new Story(friends, beginning, continuation));
        }
    }
    return all;
}

static String any(List<String> words, Random random) {
    return words.get(random.nextInt(words.size()));
}

static Path write(Path file, List<Story> stories) throws IOException {
    return Files.write(
            file,
            stories.stream()
                    .map(story -> "{\"instruction\": \"%s\", \"output\": \"%s\"}"
                            .formatted(story.beginning(), story.continuation()))
                    .toList());
}

/// How many of the most probable continuations name the first friend, and before the second if they name both.
static void measure(String when, Session session, List<Story> stories, Function<Story, int[]> prompt) {
    int first = 0;
    int second = 0;
    for (int i = 0; i < stories.size(); i++) {
        Story story = stories.get(i);
        session.truncate(0);
        String told = session.generate(prompt.apply(story), GenerationOptions.defaults().maxTokens(24).temperature(0))
                .text();
        int one = place(told, story.friends().first());
        int other = place(told, story.friends().second());
        first += one < other ? 1 : 0;
        second += other < one ? 1 : 0;
        if (i < SHOWN) {
            System.out.printf("%s: %s |%s%n", when, story.beginning(), told.replace('\n', ' '));
        }
    }
    System.out.printf(
            "%s: %d of %d go on about the first, %d about the second, %d about neither%n",
            when, first, stories.size(), second, stories.size() - first - second);
}

/// Where a text has a name as a word of its own: `Anna` is not in `Annabel`.
static int place(String text, String name) {
    Matcher found = Pattern.compile("\\b" + name + "\\b").matcher(text);
    return found.find() ? found.start() : Integer.MAX_VALUE;
}

/// The beginning as training renders it.
static int[] asked(Model model, Story story) {
    return model.tokenizer()
            .encode(ChatTemplates.of(TEMPLATE).render(List.of(Message.user(story.beginning())), true), true);
}

/// The beginning as a text to go on with, up to where a name is due: what the model was made for.
static int[] plain(Model model, Story story) {
    return model.tokenizer().encode(story.beginning() + " One day,", EncodeOptions.PROMPT);
}
