package dev.excitor.runtime.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.excitor.runtime.ExcitorException;
import dev.excitor.runtime.team.Team;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What sessions rely on: positions come back as they were stored, forks do not see each other's, and memory goes as
/// it came.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KvCacheTest {

    private static final long SEED = 20261124;
    private static final int PAGE = KvLayout.PAGE;
    private static final KvLayout SMALL = new KvLayout(2, 1, 3, 2, KvLayout.Type.F32);

    private List<Team> teams = List.of();

    @BeforeAll
    void startTeams() {
        teams = List.of(new Team(1), new Team(2), new Team(3));
    }

    @AfterAll
    void stopTeams() {
        teams.forEach(Team::close);
    }

    static Stream<KvLayout> layouts() {
        return Stream.of(KvLayout.Type.values()).flatMap(type -> {
            KvLayout plain = new KvLayout(2, 3, 5, 18, type);
            return Stream.of(plain, plain.withExtra(Set.of(1), 2, 7), plain.withExtra(Set.of(0, 1), 1, 16));
        });
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void positionsComeBackAsTheyWereStored(KvLayout layout) {
        for (Team team : teams) {
            Random random = new Random(SEED);
            try (Stored stored = Stored.empty(layout, 400)) {
                for (int n : new int[] {1, 62, 1, 1, 63, 130, 2}) {
                    stored.append(team, random, n);
                    stored.check("after %d with %d threads, seed %d".formatted(n, team.size(), SEED));
                }
            }
        }
    }

    /// Appends, forks, truncations and closings in random order, on up to six caches that share pages.
    @ParameterizedTest
    @MethodSource("layouts")
    void cachesThatShareNeverSeeEachOther(KvLayout layout) {
        Random random = new Random(SEED);
        Stored first = Stored.empty(layout, 300);
        List<Stored> caches = new ArrayList<>(List.of(first));
        for (int round = 0; round < 150; round++) {
            Stored cache = caches.get(random.nextInt(caches.size()));
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    if (caches.size() < 6) {
                        caches.add(cache.fork());
                    }
                }
                case 2 -> cache.truncate(random.nextInt(cache.length() + 1));
                case 3 -> {
                    if (caches.size() > 1) {
                        caches.remove(cache);
                        cache.close();
                    }
                }
                default -> cache.append(teams.getFirst(), random, Math.min(random.nextInt(90), 300 - cache.length()));
            }
            for (Stored each : caches) {
                each.check("in round %d, seed %d".formatted(round, SEED));
            }
        }
        caches.forEach(Stored::close);
        assertThat(first.pagesAlive()).as("pages at the end, seed %d", SEED).isZero();
    }

    @Test
    void aForkSharesFullPagesAndCopiesWhatItWrites() {
        Random random = new Random(SEED);
        Team team = teams.getFirst();
        try (Stored one = Stored.empty(SMALL, 1000)) {
            one.append(team, random, 5 * PAGE + 3);
            try (Stored two = one.fork()) {
                for (int page = 0; page < 5; page++) {
                    assertThat(two.scope(page)).as("full page %d", page).isEqualTo(one.scope(page));
                }
                assertThat(two.scope(5)).as("the last page").isNotEqualTo(one.scope(5));
                two.truncate(PAGE + 10);
                one.truncate(PAGE + 10);
                two.append(team, random, 1);
                assertThat(two.scope(0)).isEqualTo(one.scope(0));
                assertThat(two.scope(1)).as("the page that was written").isNotEqualTo(one.scope(1));
                one.append(team, random, 2);
                one.check("behind the common text");
                two.check("behind the common text");
            }
            one.check("after the fork is closed");
        }
    }

    @Test
    void memoryComesPageByPageAndGoesWithTruncation() {
        Team team = teams.getFirst();
        try (Stored stored = Stored.empty(SMALL, 10 * PAGE)) {
            KvCache kv = stored.kv();
            assertThat(kv.bytes()).isZero();
            kv.reserve(0);
            assertThat(kv.bytes()).as("room for nothing").isZero();
            stored.append(team, new Random(SEED), 3 * PAGE + 1);
            assertThat(kv.bytes()).isEqualTo(4 * SMALL.pageBytes());
            kv.reserve(PAGE - 1);
            kv.reserve(PAGE - 1);
            assertThat(kv.bytes()).as("room that is there already").isEqualTo(4 * SMALL.pageBytes());
            stored.truncate(PAGE);
            assertThat(kv.bytes()).as("one page, and one for what comes next").isEqualTo(2 * SMALL.pageBytes());
            assertThat(stored.pagesAlive()).isEqualTo(2);
            stored.truncate(0);
            assertThat(kv.bytes()).isEqualTo(SMALL.pageBytes());
            assertThat(stored.pagesAlive()).isEqualTo(1);
            assertThat(kv.bytesPerPosition()).isEqualTo(SMALL.pageBytes() / PAGE);
        }
    }

    @Test
    void thousandsOfCachesComeAndGoWithoutLeak() {
        Team team = teams.getFirst();
        Random random = new Random(SEED);
        for (int i = 0; i < 3_000; i++) {
            Stored stored = Stored.empty(SMALL, 100);
            stored.append(team, random, 1 + i % 70);
            stored.fork().close();
            stored.close();
            assertThat(stored.pagesAlive()).isZero();
        }
    }

    @Test
    void aFullCacheRefusesAndStaysAsItWas() {
        Team team = teams.getFirst();
        try (Stored stored = Stored.empty(SMALL, 70)) {
            stored.append(team, new Random(SEED), 68);
            for (int n : new int[] {3, 1000, Integer.MAX_VALUE, -1}) {
                assertThatThrownBy(() -> stored.kv().reserve(n))
                        .isInstanceOf(ExcitorException.ContextFull.class)
                        .hasMessageContaining("68 tokens are in it")
                        .hasMessageContaining("holds 70");
            }
            stored.append(team, new Random(SEED), 2);
            stored.check("filled to the last position");
        }
        assertThatThrownBy(() -> new KvCache(SMALL, 0)).isInstanceOf(ExcitorException.InvalidOption.class);
    }

    @Test
    void outOfMemoryIsASentenceWithTheSizeAndLeavesTheCacheUsable() {
        // more than any address space, so that no system tries
        KvLayout huge = new KvLayout(1 << 20, 1024, 1024, 1024, KvLayout.Type.F32);
        assertThat(huge.pageBytes()).isEqualTo(512L << 40);
        try (KvCache kv = new KvCache(huge, 100)) {
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> kv.reserve(1))
                        .isInstanceOf(ExcitorException.OutOfMemory.class)
                        .hasMessageContaining("key/value cache")
                        .hasMessageContaining("%d.0 MiB", huge.pageBytes() >> 20)
                        .hasMessageContaining("-c");
                assertThat(kv.length()).isZero();
                assertThat(kv.bytes()).isZero();
            }
        }
    }

    @Test
    void whatWasNotReservedCannotBeWritten() {
        try (Arena arena = Arena.ofShared();
                Stored stored = Stored.empty(SMALL, 500)) {
            MemorySegment numbers = arena.allocate(4L * 3 * 200, 64);
            KvCache kv = stored.kv();
            assertThatThrownBy(() -> store(kv, numbers, 1)).hasMessageContaining("not reserved");
            assertThatThrownBy(() -> kv.advance(1)).hasMessageContaining("not reserved");
            kv.reserve(1);
            assertThatThrownBy(() -> store(kv, numbers, PAGE + 1)).hasMessageContaining("not reserved");
            assertThatThrownBy(() -> kv.advance(-1)).hasMessageContaining("not reserved");
            stored.append(teams.getFirst(), new Random(SEED), PAGE);
            try (KvCache fork = kv.fork()) {
                kv.truncate(10);
                assertThatThrownBy(() -> store(kv, numbers, 1))
                        .as("into a page that the fork reads")
                        .hasMessageContaining("not reserved");
                assertThat(fork.length()).isEqualTo(PAGE);
            }
        }
    }

    private void store(KvCache kv, MemorySegment numbers, int n) {
        teams.getFirst().run(worker -> kv.store(worker, 0, numbers, numbers, n));
    }

    @Test
    void truncationGoesBackOnly() {
        try (Stored stored = Stored.empty(SMALL, 100)) {
            stored.append(teams.getFirst(), new Random(SEED), 5);
            for (int position : new int[] {-1, 6, Integer.MAX_VALUE}) {
                assertThatThrownBy(() -> stored.kv().truncate(position))
                        .isInstanceOf(ExcitorException.InvalidOption.class)
                        .hasMessageContaining("from 0 to 5");
            }
            stored.check("after refusals");
        }
    }

    @Test
    void layersWithoutExtraVectorsHaveNoPlaceForThem() {
        try (KvCache kv = new KvCache(SMALL.withExtra(Set.of(1), 1, 4), 10)) {
            assertThat(kv.extraSlot(1)).isZero();
            assertThatThrownBy(() -> kv.extraSlot(0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("layer 0");
        }
    }

    @Test
    void aClosedCacheRefusesEverythingButAnotherClose() {
        Stored stored = Stored.empty(SMALL, 100);
        stored.append(teams.getFirst(), new Random(SEED), 5);
        KvCache kv = stored.kv();
        Stored fork = stored.fork();
        kv.close();
        kv.close();
        List<ThrowingCallable> uses = List.of(
                () -> kv.reserve(1),
                () -> kv.advance(0),
                () -> kv.truncate(0),
                kv::fork,
                () -> kv.page(0),
                () -> store(kv, MemorySegment.NULL, 0));
        for (ThrowingCallable use : uses) {
            assertThatThrownBy(use).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        }
        fork.check("after the original is closed");
        fork.close();
    }

    @Test
    void impossibleLayoutsAreRefused() {
        List<ThrowingCallable> impossible = List.of(
                () -> new KvLayout(0, 1, 1, 1, KvLayout.Type.F32),
                () -> new KvLayout(1, 0, 1, 1, KvLayout.Type.F32),
                () -> new KvLayout(1, 1, 0, 1, KvLayout.Type.F32),
                () -> new KvLayout(1, 1, 1, -1, KvLayout.Type.F32),
                () -> SMALL.withExtra(Set.of(2), 1, 1),
                () -> SMALL.withExtra(Set.of(-1), 1, 1),
                () -> SMALL.withExtra(Set.of(0), 0, 1),
                () -> SMALL.withExtra(Set.of(0), 1, 0));
        for (ThrowingCallable layout : impossible) {
            assertThatThrownBy(layout).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
