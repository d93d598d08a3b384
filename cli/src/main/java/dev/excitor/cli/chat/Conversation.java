package dev.excitor.cli.chat;

import dev.excitor.model.Generation;
import dev.excitor.model.GenerationOptions;
import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.StopReason;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.model.chat.ChatTemplate;
import dev.excitor.model.chat.Message;
import dev.excitor.model.tokenizer.Segment;
import dev.excitor.model.tokenizer.Vocabulary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Messages and answers in one session, whose cache keeps what the model has read and written: each turn feeds it
/// what is new and nothing else. Used by one thread; [#cancel] may come from any.
public final class Conversation implements AutoCloseable {

    /// The part of the last answer that is not in the cache: tokens, or else text.
    private record Unread(int[] tokens, List<Segment> text) {
        static final Unread NOTHING = new Unread(new int[0], List.of());
    }

    private final Model model;
    private final ChatTemplate template;
    private final Optional<Message> system;
    private final GenerationOptions generationOptions;
    private final List<Message> messages = new ArrayList<>();

    private SessionOptions sessionOptions;
    private Session session;
    private Unread unread = Unread.NOTHING;
    private volatile @Nullable Generation answering;

    /// @param system            what the model is told before the first message, if anything
    /// @param generationOptions how it answers; the template's own stop strings are added
    public Conversation(
            Model model,
            SessionOptions sessionOptions,
            ChatTemplate template,
            Optional<String> system,
            GenerationOptions generationOptions) {
        this.model = model;
        this.template = template;
        this.system = system.map(Message::system);
        this.generationOptions = generationOptions.stops(
                stops(generationOptions.stops(), template, model.tokenizer().vocabulary()));
        this.sessionOptions = sessionOptions;
        this.session = model.newSession(sessionOptions);
    }

    /// The end of a turn is a token that ends the generation by itself, or text where there is no such token.
    private static List<String> stops(List<String> given, ChatTemplate template, Vocabulary vocabulary) {
        Stream<String> endOfTurn =
                template.endOfTurn().filter(end -> !vocabulary.endsGeneration(vocabulary.find(end))).stream();
        return Stream.of(given.stream(), template.stops().stream(), endOfTurn)
                .flatMap(stops -> stops)
                .toList();
    }

    /// Says something to the model and passes its answer on, piece by piece.
    ///
    /// Whatever goes wrong, the conversation is then as it was before; so it is when the answer was cancelled
    /// before the model had read the message.
    ///
    /// @return why the answer ended
    /// @throws ExcitorException.ContextFull when the message does not fit
    public StopReason say(String text, Consumer<String> answer) {
        Message message = Message.user(text);
        int[] prompt = tokens(message);
        int start = session.position();
        Generation generation = session.generate(prompt, generationOptions);
        StringBuilder said = new StringBuilder();
        answering = generation;
        try {
            generation.forEach(piece -> {
                said.append(piece);
                answer.accept(piece);
            });
        } catch (RuntimeException failure) {
            session.truncate(start);
            throw failure;
        } finally {
            answering = null;
        }
        StopReason reason = generation.stopReason().orElseThrow();
        if (session.position() > start) {
            unread = reason == StopReason.STOP_STRING
                    ? withoutStopString(said, start + prompt.length)
                    : new Unread(generation.lastToken().stream().toArray(), List.of());
            messages.add(message);
            messages.add(Message.assistant(withoutPrefix(said.toString())));
        }
        return reason;
    }

    /// What the model is to read for a message: in an empty session the whole conversation, otherwise what is new.
    private int[] tokens(Message message) {
        boolean opening = session.position() == 0;
        if (opening) {
            List<Message> all = Stream.of(system.stream(), messages.stream(), Stream.of(message))
                    .flatMap(part -> part)
                    .toList();
            return model.tokenizer().encode(template.render(all, true), true);
        }
        List<Segment> segments = new ArrayList<>(unread.text());
        segments.addAll(template.continuation(List.of(message)));
        int[] encoded = model.tokenizer().encode(segments, false);
        return IntStream.concat(IntStream.of(unread.tokens()), IntStream.of(encoded))
                .toArray();
    }

    /// The stop string is in the cache, and is no part of the answer: the model reads its answer again without it.
    private Unread withoutStopString(StringBuilder said, int answerStart) {
        said.setLength(said.toString().stripTrailing().length());
        session.truncate(answerStart);
        return new Unread(new int[0], List.of(Segment.content(said.toString())));
    }

    private String withoutPrefix(String said) {
        String prefix = template.answerPrefix();
        return said.startsWith(prefix) ? said.substring(prefix.length()) : said;
    }

    /// Ends the answer in progress, if there is one, before its next token.
    public void cancel() {
        Generation current = answering;
        if (current != null) {
            current.cancel();
        }
    }

    /// Forgets everything said; the system message and the adapter stay.
    public void clear() {
        session.truncate(0);
        messages.clear();
        unread = Unread.NOTHING;
    }

    /// Goes on with another adapter, or with none. What the session remembers was made with the former one, so the
    /// model reads the conversation again with the next message.
    ///
    /// @throws ExcitorException when the adapter does not fit the model; the former one then stays
    public void adapter(Optional<Adapter> adapter, float scale) {
        SessionOptions changed = new SessionOptions(
                sessionOptions.context(),
                sessionOptions.batch(),
                sessionOptions.cache(),
                adapter,
                scale,
                sessionOptions.strategy());
        Session other = model.newSession(changed);
        session.close();
        session = other;
        sessionOptions = changed;
        unread = Unread.NOTHING;
    }

    /// Everything said so far, but for the system message.
    public List<Message> messages() {
        return List.copyOf(messages);
    }

    /// Tokens in the session's cache.
    public int position() {
        return session.position();
    }

    /// Most tokens it can hold.
    public int context() {
        return session.context();
    }

    public ChatTemplate template() {
        return template;
    }

    @Override
    public void close() {
        session.close();
    }
}
