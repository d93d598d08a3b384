package dev.excitor.cli;

import java.lang.reflect.Constructor;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IFactory;

/// The list of commands, and their factory: each takes the console in its constructor; all else is picocli's. A new
/// command is a class of its own, which extends [Subcommand], and a line here.
final class Commands implements IFactory {

    private final Console console;

    Commands(Console console) {
        this.console = console;
    }

    /// Every command by the name that its annotation gives it too, in the order of the help.
    static SequencedMap<String, Class<?>> byName() {
        SequencedMap<String, Class<?>> commands = new LinkedHashMap<>();
        commands.put("run", RunCommand.class);
        commands.put("chat", ChatCommand.class);
        commands.put("info", InfoCommand.class);
        commands.put("tokenize", TokenizeCommand.class);
        commands.put("logits", LogitsCommand.class);
        commands.put("perplexity", PerplexityCommand.class);
        commands.put("quantize", QuantizeCommand.class);
        commands.put("convert", ConvertCommand.class);
        commands.put("train", TrainCommand.class);
        commands.put("synth", SynthCommand.class);
        commands.put("bench", BenchCommand.class);
        commands.put("pretrain", PretrainCommand.class);
        commands.put("teach", TeachCommand.class);
        commands.put("evaluate", EvaluateCommand.class);
        commands.put("demo", DemoCommand.class);
        commands.put("help", HelpCommand.class);
        return commands;
    }

    /// Gives the top command those that `arguments` need: the one they begin with, or all of them. To look through the
    /// options of all takes a fifth of a second, which is a good part of the time to a first token.
    void addTo(CommandLine top, String... arguments) {
        SequencedMap<String, Class<?>> commands = byName();
        Class<?> first = arguments.length == 0 ? null : commands.get(arguments[0]);
        if (first == null || first == HelpCommand.class) {
            commands.forEach(top::addSubcommand);
        } else {
            top.addSubcommand(arguments[0], first);
        }
    }

    @Override
    public <K> K create(Class<K> type) throws Exception {
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (constructor.getParameterCount() == 1 && constructor.getParameterTypes()[0] == Console.class) {
                return type.cast(constructor.newInstance(console));
            }
        }
        return CommandLine.defaultFactory().create(type);
    }
}
