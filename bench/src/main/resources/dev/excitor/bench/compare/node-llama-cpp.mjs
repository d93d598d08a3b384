// Measures node-llama-cpp as llama-bench measures llama.cpp, and prints rows in its form.
// Arguments: MODEL THREADS PROMPT_TOKENS GENERATED_TOKENS RUNS
// The package is the one that is installed in the current folder, wherever this file lies.
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const installed = createRequire(process.cwd() + "/").resolve("node-llama-cpp");
const {getLlama} = await import(pathToFileURL(installed));

const [modelPath, ...numbers] = process.argv.slice(2);
const [threads, prompt, generated, runs] = numbers.map(Number);

// Its own binaries only: without "never" it would fetch sources and build them.
const llama = await getLlama({
    gpu: false,
    build: "never",
    maxThreads: threads,
    logger: (level, message) => process.stderr.write(`[${level}] ${message.trimEnd()}\n`)
});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({contextSize: prompt + generated + 64, threads});
const sequence = context.getSequence();

// Words that every vocabulary has; what they say does not matter.
const words = model.tokenize("The quick brown fox jumps over the lazy dog. ".repeat(Math.ceil(prompt / 4) + 1));
const tokens = words.slice(0, Math.max(1, prompt));

async function promptNanos() {
    await sequence.clearHistory();
    const start = process.hrtime.bigint();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens);
    return Number(process.hrtime.bigint() - start);
}

// From the first token to the one `generated` behind it: as many steps of one token each.
async function generationNanos() {
    await sequence.clearHistory();
    let start = 0n;
    let count = -1;
    for await (const token of sequence.evaluate(tokens.slice(0, 1), {temperature: 0, yieldEogToken: true})) {
        count++;
        if (count === 0)
            start = process.hrtime.bigint();
        if (count === generated)
            return Number(process.hrtime.bigint() - start);
    }
    throw new Error(`the generation ended after ${count} of ${generated} tokens`);
}

async function row(promptTokens, generatedTokens, measure) {
    await measure();
    const nanos = [];
    for (let i = 0; i < runs; i++)
        nanos.push(await measure());
    return {
        build_commit: String(llama.llamaCppRelease.release),
        n_threads: context.currentThreads,
        n_prompt: promptTokens,
        n_gen: generatedTokens,
        n_depth: 0,
        samples_ns: nanos,
        samples_ts: nanos.map((time) => (promptTokens + generatedTokens) * 1e9 / time)
    };
}

const rows = [];
if (prompt > 0)
    rows.push(await row(prompt, 0, promptNanos));
if (generated > 0)
    rows.push(await row(0, generated, generationNanos));
console.log(JSON.stringify(rows));
await llama.dispose();
