package dev.excitor.train.data;

import dev.excitor.model.chat.ChatTemplate;
import dev.excitor.model.chat.Message;
import dev.excitor.model.chat.Role;
import dev.excitor.model.tokenizer.Segment;
import dev.excitor.model.tokenizer.Tokenizer;
import dev.excitor.model.tokenizer.Vocabulary;
import dev.excitor.train.Example;
import dev.excitor.train.ops.Sequences;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Turns records into tokens as a model will meet them: the prompt as the chat template renders it, then the answer as
/// the continuation that the model is to write, then the token that ends an answer. Only answers and their ends count.
///
/// Instructions with an input have a prompt of their own in the Alpaca template; in others the input follows the
/// instruction behind an empty line.
public final class PromptFormat {

    /// The Alpaca prompt of an instruction with an input, as method and parent have it: no space or newline after the
    /// last colon.
    private static final String WITH_INPUT = "Below is an instruction that describes a task, paired with an input that"
            + " provides further context. Write a response that appropriately completes the request.";

    private static final String ALPACA = "alpaca";

    private final Tokenizer tokenizer;
    private final ChatTemplate template;
    private final int end;

    public PromptFormat(Tokenizer tokenizer, ChatTemplate template) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.end = end(tokenizer.vocabulary(), template);
    }

    /// The token that ends an answer: the template's, where the vocabulary has it as a token, or the end of the text.
    private static int end(Vocabulary vocabulary, ChatTemplate template) {
        int own = template.endOfTurn().map(vocabulary::find).orElse(Vocabulary.NONE);
        return own != Vocabulary.NONE ? own : vocabulary.eos();
    }

    /// The tokens of a record; what counts may be none, where the length cuts it off.
    ///
    /// @param length most tokens
    Example encode(DataRecord data, int length) {
        IntStream.Builder tokens = IntStream.builder();
        IntStream.Builder answers = IntStream.builder();
        int done = 0;
        boolean afterAnswer = false;
        List<Message> messages = data.messages();
        for (int i = 0; i < messages.size(); i++) {
            Message message = messages.get(i);
            if (message.role() != Role.ASSISTANT) {
                continue;
            }
            List<Segment> prompt = prompt(data, messages.subList(done, i), done == 0);
            add(tokens, answers, withoutEnd(tokenizer.encode(prompt, done == 0), afterAnswer), false);
            List<Segment> answer = List.of(Segment.markup(template.answerPrefix()), Segment.content(message.content()));
            add(tokens, answers, tokenizer.encode(answer, false), true);
            if (end != Vocabulary.NONE) {
                add(tokens, answers, new int[] {end}, true);
            }
            afterAnswer = true;
            done = i + 1;
        }
        return cut(tokens.build().toArray(), answers.build().toArray(), length);
    }

    private List<Segment> prompt(DataRecord data, List<Message> messages, boolean opening) {
        if (!opening) {
            return template.continuation(messages);
        }
        if (data.input().isEmpty()) {
            return template.render(messages, true);
        }
        String instruction = messages.getFirst().content();
        if (template.name().equals(ALPACA)) {
            return List.of(
                    Segment.markup(WITH_INPUT + "\n\n### Instruction:\n"),
                    Segment.content(instruction),
                    Segment.markup("\n\n### Input:\n"),
                    Segment.content(data.input()),
                    Segment.markup("\n\n### Response:"));
        }
        return template.render(List.of(Message.user(instruction + "\n\n" + data.input())), true);
    }

    /// A continuation begins with the end of the answer before it, which is there already.
    private int[] withoutEnd(int[] prompt, boolean afterAnswer) {
        if (!afterAnswer || end == Vocabulary.NONE) {
            return prompt;
        }
        for (int i = 0; i < Math.min(2, prompt.length); i++) {
            if (prompt[i] == end) {
                return Arrays.copyOfRange(prompt, i + 1, prompt.length);
            }
        }
        return prompt;
    }

    private static void add(IntStream.Builder tokens, IntStream.Builder answers, int[] more, boolean answer) {
        for (int token : more) {
            tokens.add(token);
            answers.add(answer ? 1 : 0);
        }
    }

    private static Example cut(int[] tokens, int[] answers, int length) {
        // the last token predicts nothing, so that it need not go through the model
        int n = Math.min(tokens.length - 1, length);
        int[] targets = new int[n];
        for (int i = 0; i < n; i++) {
            targets[i] = answers[i + 1] == 1 ? tokens[i + 1] : Sequences.UNSCORED;
        }
        return new Example(Arrays.copyOf(tokens, n), targets);
    }
}
