package dev.excitor.runtime.foreign;

import dev.excitor.runtime.ExcitorException;
import java.util.Optional;

/// The state of tiles (AMX), 8 KiB a thread, which Linux keeps for processes that have asked for it.
public final class TileState {

    /// Its number among the components of the state, bit 18 of XCR0.
    private static final int COMPONENT = 18;

    private TileState() {}

    /// Asks for all threads of this process, those of today and later ones; asking twice is fine.
    ///
    /// @return why not, a clause; empty where they may use tiles
    public static Optional<String> request() {
        try {
            Libc.requestState(COMPONENT);
            return Optional.empty();
        } catch (ExcitorException.NativeCall refused) {
            return Optional.of("the system keeps no tiles for this process: " + refused.getMessage());
        }
    }
}
