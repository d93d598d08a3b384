package dev.excitor.runtime.team;

import dev.excitor.runtime.foreign.Arguments;
import java.lang.foreign.MemorySegment;

/// One member of a [Team] while it runs a task: its number, and the barrier it meets the others at.
public final class Worker {

    private final Team team;
    private final int index;
    private float[] floats = new float[0];
    private Arguments arguments = new Arguments(MemorySegment.NULL);

    Worker(Team team, int index) {
        this.team = team;
        this.index = index;
    }

    /// 0 for the calling thread, up to `count() - 1`.
    public int index() {
        return index;
    }

    /// Members that take part in the task.
    public int count() {
        return team.active();
    }

    /// Waits until every member has arrived here; what any of them wrote before is then visible to all.
    public void barrier() {
        team.await();
    }

    /// First of this worker's share of `n` items, dealt in contiguous runs of whole multiples of `grain`.
    public int from(int n, int grain) {
        return share(n, grain, index);
    }

    /// One past the last of this worker's share; see [#from].
    public int to(int n, int grain) {
        return share(n, grain, index + 1);
    }

    /// Scratch of this thread, at least `size` floats with whatever was left in them; the same array until more is
    /// asked for. Belongs to the step in progress: the next step of a task may overwrite it.
    public float[] floats(int size) {
        if (floats.length < size) {
            floats = new float[size];
        }
        return floats;
    }

    /// Native scratch of this thread, at least `bytes` with whatever was left in them, aligned to 64; like [#floats],
    /// and gone with the team.
    public MemorySegment memory(long bytes) {
        return arguments(bytes).memory();
    }

    /// The same for machine code.
    public Arguments arguments(long bytes) {
        if (arguments.byteSize() < bytes) {
            arguments = new Arguments(team.allocate(bytes));
        }
        return arguments;
    }

    private int share(int n, int grain, int part) {
        long grains = (n + (long) grain - 1) / grain;
        return (int) Math.min(n, grains * part / team.active() * grain);
    }
}
