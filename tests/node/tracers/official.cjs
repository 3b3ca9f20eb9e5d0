// A small program with the official tracer of npm, as its users write it.
const { HoneyHiveTracer, enrichSpan, enrichSession } = require("honeyhive");

async function main() {
  const tracer = await HoneyHiveTracer.init({
    apiKey: process.env.HH_API_KEY, serverUrl: process.env.HH_API_URL,
    project: "demo", sessionName: "from npm", source: "node-test",
  });
  const lookUp = tracer.traceTool(function lookUp(query) {
    enrichSpan({ metadata: { cost: 0.5 }, metrics: { acc: 0.9 }, feedback: { rating: 5 } });
    return { hits: ["a", "b"], score: 1.5, found: true };
  });
  const ask = tracer.traceModel(async function ask(messages) {
    return { role: "assistant", content: `asked: ${messages[0].content}` };
  }, { config: { model: "gpt-4o", temperature: 0.2 } });
  const fail = tracer.traceTool(function fail() { throw new Error("boom"); });
  const pipeline = tracer.traceChain(async function pipeline(query) {
    lookUp(query);
    try { fail(); } catch { }
    return await ask([{ role: "user", content: query }]);
  });
  await tracer.trace(async () => { await pipeline("what?"); });
  await tracer.enrichSession({ sessionId: tracer.sessionId, metadata: { done: true }, feedback: { rating: 4 } });
  await tracer.flush();
  console.log(JSON.stringify({ session: tracer.sessionId }));
}
main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
