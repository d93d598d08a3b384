package dev.excitor.cli.bench;

import dev.excitor.model.Model;
import dev.excitor.model.Session;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Strategy;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// One setup, ready to run: a session for each depth, filled up to it, and the text that all of them read.
final class Stage implements AutoCloseable {

    private final Model model;
    private final SessionOptions options;
    private final RandomText text;
    private final TreeMap<Integer, Session> sessions = new TreeMap<>();

    /// @param model   stays open
    /// @param options with the context that the deepest workload needs
    Stage(Model model, SessionOptions options) {
        this.model = model;
        this.options = options;
        this.text = new RandomText(model.dimensions().vocab(), options.context());
    }

    Model model() {
        return model;
    }

    /// How the adapter's extra keys reach the scores; empty without an adapter.
    Optional<Strategy> strategy() {
        return session(0).strategy();
    }

    /// Does the work once.
    ///
    /// @return nanoseconds, without the time to fill the cache up to the workload's depth
    long run(Workload work) {
        Session session = session(work.depth());
        session.truncate(work.depth());
        int[] prompt = text.slice(work.depth(), work.depth() + work.prompt());
        int[] generated = text.slice(work.end() - work.generated(), work.end());
        long start = System.nanoTime();
        if (prompt.length > 0) {
            session.append(prompt);
        }
        for (int token : generated) {
            session.append(token);
        }
        return System.nanoTime() - start;
    }

    /// Fills a cache up to a depth, when that is asked for first: from the next lower depth on, sharing its memory.
    private Session session(int depth) {
        Session known = sessions.get(depth);
        if (known != null) {
            return known;
        }
        Map.Entry<Integer, Session> lower = sessions.lowerEntry(depth);
        Session session = lower == null ? model.newSession(options) : forkAt(lower.getKey(), lower.getValue());
        sessions.put(depth, session);
        if (depth > 0) {
            session.append(text.slice(session.position(), depth));
        }
        return session;
    }

    private static Session forkAt(int depth, Session session) {
        session.truncate(depth);
        return session.fork();
    }

    @Override
    public void close() {
        sessions.values().forEach(Session::close);
    }
}
