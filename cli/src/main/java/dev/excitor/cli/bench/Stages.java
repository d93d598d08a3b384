package dev.excitor.cli.bench;

import dev.excitor.model.Model;
import dev.excitor.model.SessionOptions;
import dev.excitor.model.adapter.Adapter;
import dev.excitor.runtime.Engine;
import dev.excitor.runtime.EngineOptions;
import dev.excitor.runtime.checkpoint.CheckpointReader;
import dev.excitor.runtime.kernel.Kernels;
import dev.excitor.runtime.team.Team;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// All setups of a plan, ready to run at the same time; what several of them use is opened once.
final class Stages implements AutoCloseable {

    private record EngineKey(Kernels.Tier tier, int gpuLayers, int threads) {}

    private record ModelKey(Path file, EngineKey engine) {}

    private final Map<EngineKey, Engine> engines = new HashMap<>();
    private final Map<ModelKey, Model> models = new HashMap<>();
    private final Map<Path, Adapter> adapters = new HashMap<>();
    private final Map<Setup, Stage> stages = new LinkedHashMap<>();

    private Stages() {}

    /// Opens everything.
    ///
    /// @param common what all engines have in common
    /// @param memory where the weights live
    static Stages open(Plan plan, EngineOptions common, CheckpointReader.Memory memory) {
        Stages all = new Stages();
        try {
            for (Configuration configuration : plan.configurations()) {
                Setup setup = configuration.setup();
                all.stages.computeIfAbsent(setup, unseen -> all.stage(setup, plan.context(setup), common, memory));
            }
            return all;
        } catch (RuntimeException | Error failure) {
            all.close();
            throw failure;
        }
    }

    private Stage stage(Setup setup, int context, EngineOptions common, CheckpointReader.Memory memory) {
        EngineKey key = new EngineKey(setup.tier(), setup.gpuLayers(), setup.threads());
        Engine engine = engines.computeIfAbsent(
                key,
                wanted -> Engine.open(common.withThreads(setup.threads())
                        .withTier(setup.tier())
                        .withGpu(common.gpu().withLayers(setup.gpuLayers()))));
        Model model = models.computeIfAbsent(
                new ModelKey(setup.model(), key), wanted -> Model.open(setup.model(), engine, memory));
        SessionOptions options =
                SessionOptions.defaults().context(context).batch(setup.pass()).cache(setup.cache());
        if (setup.adapter().isPresent()) {
            AdapterFile file = setup.adapter().get();
            options = options.adapter(adapters.computeIfAbsent(file.path(), Adapter::open))
                    .scale(file.scale());
        }
        return new Stage(model, options);
    }

    Stage of(Setup setup) {
        Stage stage = stages.get(setup);
        if (stage == null) {
            throw new IllegalArgumentException("this setup is not in the plan");
        }
        return stage;
    }

    /// One team of each size in use.
    Map<Integer, Team> teams() {
        Map<Integer, Team> teams = new LinkedHashMap<>();
        engines.values().forEach(engine -> teams.putIfAbsent(engine.team().size(), engine.team()));
        return teams;
    }

    @Override
    public void close() {
        stages.values().forEach(Stage::close);
        models.values().forEach(Model::close);
        engines.values().forEach(Engine::close);
    }
}
