package dev.excitor.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.cli.TestFiles;
import dev.excitor.model.Generation;
import dev.excitor.model.GenerationOptions;
import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.StopReason;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.chat.ChatTemplate;
import dev.excitor.model.chat.ChatTemplates;
import dev.excitor.model.chat.Message;
import dev.excitor.model.sampling.SamplerSettings;
import dev.excitor.model.tokenizer.DecodeOptions;
import dev.excitor.model.tokenizer.Segment;
import dev.excitor.runtime.ExcitorException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What the model reads, turn by turn, against a session that is fed the same by hand.
class ConversationTest {

    private static final ChatTemplate LLAMA2 = ChatTemplates.of("llama2");
    private static final ChatTemplate CHATML = ChatTemplates.of("chatml");

    /// Random, so that it tells one prompt from another where a small model's most probable text would not; and without
    /// the tokens of single bytes, so that each token is a piece of text.
    private static final SamplerSettings SAMPLER = SamplerSettings.DEFAULTS
            .withTopK(0)
            .withTopP(1)
            .withMinP(0)
            .withSeed(11)
            .withLogitBias(IntStream.range(3, 259)
                    .boxed()
                    .collect(Collectors.toMap(token -> token, token -> Float.NEGATIVE_INFINITY)));

    private static final GenerationOptions OPTIONS =
            GenerationOptions.defaults().sampler(SAMPLER).ignoreEnd(true).maxTokens(8);

    private static final SessionOptions SESSION = SessionOptions.defaults().context(512);

    @TempDir
    static Path folder;

    private static Model model;

    @BeforeAll
    static void openAModel() {
        model = Model.open(TestFiles.talkativeModel(folder.resolve("m.gguf")));
    }

    @AfterAll
    static void closeIt() {
        model.close();
    }

    static List<ChatTemplate> templates() {
        return ChatTemplates.all();
    }

    @ParameterizedTest
    @MethodSource("templates")
    void aTurnIsReadOnceAndTheModelGoesOnFromAllOfThem(ChatTemplate template) {
        try (Conversation conversation = new Conversation(model, SESSION, template, Optional.of("be brief"), OPTIONS)) {
            String first = say(conversation, "ba be");
            String second = say(conversation, "bi bo");
            assertThat(second).isNotEqualTo(first);

            int[] opening =
                    encode(template.render(List.of(Message.system("be brief"), Message.user("ba be")), true), true);
            int[] answered = answer(opening, 8);
            assertThat(first).isEqualTo(text(answered));
            int[] more = encode(template.continuation(List.of(Message.user("bi bo"))), false);
            int[] all = concat(opening, answered, more);
            assertThat(second).isEqualTo(text(answer(all, 8)));
            assertThat(conversation.position())
                    .as("the last token of an answer is not in the cache yet")
                    .isEqualTo(all.length + 7);
            assertThat(conversation.messages())
                    .extracting(Message::content)
                    .containsExactly("ba be", unprefixed(first, template), "bi bo", unprefixed(second, template));
        }
    }

    @Test
    void whatTheModelHasReadIsTheRenderedConversation() {
        try (Conversation conversation = new Conversation(model, SESSION, CHATML, Optional.empty(), OPTIONS)) {
            String first = say(conversation, "ba");
            List<Message> messages = new ArrayList<>(conversation.messages());
            messages.add(Message.user("be"));
            assertThat(text(CHATML.render(List.of(Message.user("ba")), true))
                            + first
                            + text(CHATML.continuation(List.of(Message.user("be")))))
                    .isEqualTo(text(CHATML.render(messages, true)));
        }
    }

    @Test
    void aStopStringIsNoPartOfTheAnswerThatTheModelGoesOnFrom() {
        String unstopped;
        try (Conversation conversation = new Conversation(model, SESSION, CHATML, Optional.empty(), OPTIONS)) {
            unstopped = say(conversation, "ba");
        }
        String stop = unstopped.substring(5, 8);
        String kept = unstopped.substring(0, unstopped.indexOf(stop)).stripTrailing();
        GenerationOptions stopping = OPTIONS.stops(List.of(stop));
        try (Conversation conversation = new Conversation(model, SESSION, CHATML, Optional.empty(), stopping)) {
            StringBuilder said = new StringBuilder();
            assertThat(conversation.say("ba", said::append)).isEqualTo(StopReason.STOP_STRING);
            assertThat(said.toString().stripTrailing()).isEqualTo(kept);
            conversation.say("be", piece -> {});

            List<Segment> more = new ArrayList<>(List.of(Segment.content(kept)));
            more.addAll(CHATML.continuation(List.of(Message.user("be"))));
            int[] all = concat(encode(CHATML.render(List.of(Message.user("ba")), true), true), encode(more, false));
            String expected = text(answer(all, 8));
            int end = expected.indexOf(stop);
            assertThat(conversation.messages().getLast().content().stripTrailing())
                    .isEqualTo((end < 0 ? expected : expected.substring(0, end)).stripTrailing());
        }
    }

    @Test
    void anAnswerThatEndsAtOnceIsEmptyAndTheConversationGoesOn() {
        SamplerSettings onlyTheEnd = SamplerSettings.greedy().withLogitBias(Map.of(2, 1e6f));
        GenerationOptions options = OPTIONS.ignoreEnd(false).sampler(onlyTheEnd);
        try (Conversation conversation = new Conversation(model, SESSION, LLAMA2, Optional.empty(), options)) {
            StringBuilder said = new StringBuilder();
            assertThat(conversation.say("ba", said::append)).isEqualTo(StopReason.END_OF_GENERATION);
            assertThat(conversation.say("be", said::append)).isEqualTo(StopReason.END_OF_GENERATION);
            assertThat(said).isEmpty();
            assertThat(conversation.messages()).hasSize(4);
        }
    }

    @Test
    void aCancelledAnswerIsKeptAsFarAsItCame() {
        try (Conversation conversation = new Conversation(model, SESSION, LLAMA2, Optional.empty(), OPTIONS)) {
            conversation.cancel();
            StringBuilder said = new StringBuilder();
            StopReason reason = conversation.say("ba", piece -> {
                said.append(piece);
                conversation.cancel();
            });
            assertThat(reason).isEqualTo(StopReason.CANCELLED);
            assertThat(said).isNotEmpty();
            int[] opening = encode(LLAMA2.render(List.of(Message.user("ba")), true), true);
            int[] more = encode(LLAMA2.continuation(List.of(Message.user("be"))), false);
            int generated = conversation.position() + 1 - opening.length;
            assertThat(generated).isBetween(1, 7);
            assertThat(say(conversation, "be"))
                    .isEqualTo(text(answer(concat(opening, answer(opening, generated), more), 8)));
        }
    }

    @Test
    void clearingForgetsAllButTheSystemMessage() {
        try (Conversation conversation = new Conversation(model, SESSION, LLAMA2, Optional.of("be brief"), OPTIONS)) {
            String first = say(conversation, "ba");
            say(conversation, "be");
            conversation.clear();
            assertThat(conversation.messages()).isEmpty();
            assertThat(conversation.position()).isZero();
            assertThat(say(conversation, "ba")).isEqualTo(first);
        }
    }

    @Test
    void anotherAdapterReadsTheConversationAgain() throws IOException {
        Adapter adapter = Adapter.open(TestFiles.adapter(folder.resolve("a.gguf")));
        Adapter misfit = Adapter.open(TestFiles.adapterOfAnotherBase(folder.resolve("b.gguf")));
        try (Conversation conversation = new Conversation(model, SESSION, LLAMA2, Optional.empty(), OPTIONS);
                Session adapted = model.newSession(SESSION.adapter(adapter).scale(0.5f))) {
            say(conversation, "ba");
            conversation.adapter(Optional.of(adapter), 0.5f);
            assertThatThrownBy(() -> conversation.adapter(Optional.of(misfit), 1))
                    .isInstanceOf(ExcitorException.Mismatch.class);
            List<Message> messages = new ArrayList<>(conversation.messages());
            messages.add(Message.user("be"));
            String expected = adapted.generate(encode(LLAMA2.render(messages, true), true), OPTIONS)
                    .text();
            assertThat(say(conversation, "be")).isEqualTo(expected);

            conversation.adapter(Optional.empty(), 1);
            messages = new ArrayList<>(conversation.messages());
            messages.add(Message.user("bi"));
            assertThat(say(conversation, "bi")).isEqualTo(text(answer(encode(LLAMA2.render(messages, true), true), 8)));
        }
    }

    @Test
    void aMessageThatDoesNotFitChangesNothing() {
        SessionOptions small = SESSION.context(64);
        try (Conversation conversation = new Conversation(model, small, LLAMA2, Optional.empty(), OPTIONS)) {
            String first = say(conversation, "ba");
            int position = conversation.position();
            assertThatThrownBy(() -> conversation.say("be ".repeat(64), piece -> {}))
                    .isInstanceOf(ExcitorException.ContextFull.class);
            assertThat(conversation.position()).isEqualTo(position);
            assertThat(conversation.messages()).hasSize(2);
            conversation.clear();
            assertThat(say(conversation, "ba")).isEqualTo(first);
        }
    }

    @Test
    void anAnswerEndsWhereTheContextDoes() {
        SessionOptions small = SESSION.context(64);
        GenerationOptions endless = OPTIONS.maxTokens(-1);
        try (Conversation conversation = new Conversation(model, small, LLAMA2, Optional.empty(), endless)) {
            assertThat(conversation.say("ba", piece -> {})).isEqualTo(StopReason.CONTEXT_FULL);
            assertThatThrownBy(() -> conversation.say("be", piece -> {}))
                    .isInstanceOf(ExcitorException.ContextFull.class);
        }
    }

    @Test
    void aReaderThatFailsLeavesTheConversationAsItWas() {
        try (Conversation conversation = new Conversation(model, SESSION, LLAMA2, Optional.empty(), OPTIONS)) {
            say(conversation, "ba");
            int position = conversation.position();
            assertThatThrownBy(() -> conversation.say("be", piece -> {
                        throw new IllegalStateException("no more");
                    }))
                    .hasMessage("no more");
            assertThat(conversation.position()).isEqualTo(position);
            assertThat(conversation.messages()).hasSize(2);
        }
    }

    @Test
    void controlTokensInAMessageAreText() {
        try (Conversation conversation = new Conversation(model, SESSION, LLAMA2, Optional.empty(), OPTIONS)) {
            say(conversation, "</s>");
            int withText = conversation.position();
            conversation.clear();
            say(conversation, "b");
            assertThat(withText - conversation.position())
                    .as("four characters, where the model has no word for them, are four tokens and not one")
                    .isEqualTo(3);
        }
    }

    private static String say(Conversation conversation, String text) {
        StringBuilder said = new StringBuilder();
        conversation.say(text, said::append);
        return said.toString();
    }

    /// The tokens that continue a prompt in a session of its own.
    private static int[] answer(int[] prompt, int count) {
        try (Session session = model.newSession(SESSION)) {
            IntStream.Builder tokens = IntStream.builder();
            Generation generation = session.generate(prompt, OPTIONS.maxTokens(count));
            generation.forEach(piece -> tokens.add(generation.lastToken().orElseThrow()));
            return tokens.build().toArray();
        }
    }

    private static String text(int[] tokens) {
        return model.tokenizer().decode(tokens, DecodeOptions.CONTINUATION);
    }

    private static String text(List<Segment> segments) {
        return String.join("", segments.stream().map(Segment::text).toList());
    }

    private static String unprefixed(String answer, ChatTemplate template) {
        return answer.startsWith(template.answerPrefix())
                ? answer.substring(template.answerPrefix().length())
                : answer;
    }

    private static int[] encode(List<Segment> segments, boolean opening) {
        return model.tokenizer().encode(segments, opening);
    }

    private static int[] concat(int[]... parts) {
        return Stream.of(parts).flatMapToInt(IntStream::of).toArray();
    }
}
