package dev.excitor.runtime.kernel;

import dev.excitor.runtime.team.Worker;
import java.lang.foreign.Arena;

/// A form of activations that kernels read instead of plain rows: transposed, quantized. Made at most once per content
/// and shared by every product that wants the same one, see [Activations].
///
/// @param <B> what holds the packed form
public interface Packing<B> {

    /// Room for the packed form of up to `capacity` rows of `cols` numbers, as far as any kernel wants it.
    B allocate(Arena arena, int capacity, int cols);

    /// Makes this worker's share of it; every member of the team calls this, behind a barrier, with a barrier after it.
    void pack(Worker worker, Activations x, B packed);
}
