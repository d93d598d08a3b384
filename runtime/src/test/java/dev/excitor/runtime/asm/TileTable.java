package dev.excitor.runtime.asm;

import static dev.excitor.runtime.asm.Gpr.R12;
import static dev.excitor.runtime.asm.Gpr.R13;
import static dev.excitor.runtime.asm.Gpr.R14;
import static dev.excitor.runtime.asm.Gpr.R15;
import static dev.excitor.runtime.asm.Gpr.R8;
import static dev.excitor.runtime.asm.Gpr.R9;
import static dev.excitor.runtime.asm.Gpr.RAX;
import static dev.excitor.runtime.asm.Gpr.RBP;
import static dev.excitor.runtime.asm.Gpr.RCX;
import static dev.excitor.runtime.asm.Gpr.RDI;
import static dev.excitor.runtime.asm.Gpr.RDX;
import static dev.excitor.runtime.asm.Gpr.RSP;
import static dev.excitor.runtime.asm.Mem.at;
import static dev.excitor.runtime.asm.Row.CONSTANT;
import static dev.excitor.runtime.asm.Row.row;
import static dev.excitor.runtime.asm.Tile.tmm;

import java.util.List;

/// Every form of [TileAssembler].
final class TileTable {

    private TileTable() {}

    // spotless:off
    static final List<Row> ROWS = List.of(
        row("ldtilecfg [rax]",          a -> a.ldtilecfg(at(RAX)),              "c4 e2 78 49 00"),
        row("ldtilecfg [rsp+64]",       a -> a.ldtilecfg(at(RSP, 64)),          "c4 e2 78 49 44 24 40"),
        row("ldtilecfg [rbp]",          a -> a.ldtilecfg(at(RBP)),              "c4 e2 78 49 45 00"),
        row("ldtilecfg [r12-128]",      a -> a.ldtilecfg(at(R12, -128)),        "c4 c2 78 49 44 24 80"),
        row("ldtilecfg [r13+128]",      a -> a.ldtilecfg(at(R13, 128)),         "c4 c2 78 49 85 80 00 00 00"),
        row("ldtilecfg [r8+r9*4+4096]", a -> a.ldtilecfg(at(R8, R9, 4, 4096)),  "c4 82 78 49 84 88 00 10 00 00"),
        row("ldtilecfg [rip+constant]", a -> a.ldtilecfg(a.constant(CONSTANT)), "c4 e2 78 49 05 37 00 00 00"),

        row("tilerelease", a -> a.tilerelease(), "c4 e2 78 49 c0"),

        row("tilezero tmm0", a -> a.tilezero(tmm(0)), "c4 e2 7b 49 c0"),
        row("tilezero tmm3", a -> a.tilezero(tmm(3)), "c4 e2 7b 49 d8"),
        row("tilezero tmm7", a -> a.tilezero(tmm(7)), "c4 e2 7b 49 f8"),

        row("tileloadd tmm0, [rax+rcx*1]",      a -> a.tileloadd(tmm(0), at(RAX, RCX, 1, 0)),    "c4 e2 7b 4b 04 08"),
        row("tileloadd tmm1, [rsp+rax*1+127]",  a -> a.tileloadd(tmm(1), at(RSP, RAX, 1, 127)),  "c4 e2 7b 4b 4c 04 7f"),
        row("tileloadd tmm2, [rbp+rdx*1]",      a -> a.tileloadd(tmm(2), at(RBP, RDX, 1, 0)),    "c4 e2 7b 4b 54 15 00"),
        row("tileloadd tmm4, [r12+r8*1-128]",   a -> a.tileloadd(tmm(4), at(R12, R8, 1, -128)),  "c4 82 7b 4b 64 04 80"),
        row("tileloadd tmm5, [r13+rbp*1+128]",  a -> a.tileloadd(tmm(5), at(R13, RBP, 1, 128)),  "c4 c2 7b 4b ac 2d 80 00 00 00"),
        row("tileloadd tmm6, [r15+r14*1-129]",  a -> a.tileloadd(tmm(6), at(R15, R14, 1, -129)), "c4 82 7b 4b b4 37 7f ff ff ff"),
        row("tileloadd tmm7, [rdi+r12*1+1024]", a -> a.tileloadd(tmm(7), at(RDI, R12, 1, 1024)), "c4 a2 7b 4b bc 27 00 04 00 00"),

        row("tilestored [rax+rcx*1], tmm7",      a -> a.tilestored(at(RAX, RCX, 1, 0), tmm(7)),    "c4 e2 7a 4b 3c 08"),
        row("tilestored [rsp+rax*1+127], tmm6",  a -> a.tilestored(at(RSP, RAX, 1, 127), tmm(6)),  "c4 e2 7a 4b 74 04 7f"),
        row("tilestored [rbp+rdx*1], tmm5",      a -> a.tilestored(at(RBP, RDX, 1, 0), tmm(5)),    "c4 e2 7a 4b 6c 15 00"),
        row("tilestored [r12+r8*1-128], tmm4",   a -> a.tilestored(at(R12, R8, 1, -128), tmm(4)),  "c4 82 7a 4b 64 04 80"),
        row("tilestored [r13+rbp*1+128], tmm2",  a -> a.tilestored(at(R13, RBP, 1, 128), tmm(2)),  "c4 c2 7a 4b 94 2d 80 00 00 00"),
        row("tilestored [r15+r14*1-129], tmm1",  a -> a.tilestored(at(R15, R14, 1, -129), tmm(1)), "c4 82 7a 4b 8c 37 7f ff ff ff"),
        row("tilestored [rdi+r12*1+1024], tmm0", a -> a.tilestored(at(RDI, R12, 1, 1024), tmm(0)), "c4 a2 7a 4b 84 27 00 04 00 00"),

        row("tdpbf16ps tmm0, tmm1, tmm2", a -> a.tdpbf16ps(tmm(0), tmm(1), tmm(2)), "c4 e2 6a 5c c1"),
        row("tdpbf16ps tmm1, tmm2, tmm0", a -> a.tdpbf16ps(tmm(1), tmm(2), tmm(0)), "c4 e2 7a 5c ca"),
        row("tdpbf16ps tmm7, tmm4, tmm3", a -> a.tdpbf16ps(tmm(7), tmm(4), tmm(3)), "c4 e2 62 5c fc"),
        row("tdpbf16ps tmm3, tmm7, tmm6", a -> a.tdpbf16ps(tmm(3), tmm(7), tmm(6)), "c4 e2 4a 5c df"),
        row("tdpbf16ps tmm2, tmm0, tmm7", a -> a.tdpbf16ps(tmm(2), tmm(0), tmm(7)), "c4 e2 42 5c d0"),
        row("tdpbf16ps tmm6, tmm5, tmm4", a -> a.tdpbf16ps(tmm(6), tmm(5), tmm(4)), "c4 e2 5a 5c f5"));
    // spotless:on
}
