// Stock OpenTelemetry for JavaScript: one trace, by the exporter that the argument names.
const { trace, SpanKind, SpanStatusCode } = require("@opentelemetry/api");
const { NodeTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${process.argv[2]}`);

const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
provider.register();
const tracer = trace.getTracer("app", "1.2");
tracer.startActiveSpan("turn", (turn) => {
  tracer.startActiveSpan("chat gpt-4o", { kind: SpanKind.CLIENT }, (span) => {
    span.setAttributes({
      "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
      "gen_ai.response.model": "gpt-4o-1", "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 3,
      "gen_ai.response.finish_reasons": ["stop"], "gen_ai.request.temperature": 0.25, "app.big": 2 ** 53, "app.ok": true,
      "gen_ai.input.messages": JSON.stringify([{ role: "user", parts: [{ type: "text", content: "How warm? 🌡" }] }]),
      "gen_ai.output.messages": JSON.stringify([{ role: "assistant", parts: [
        { type: "tool_call", id: "c1", name: "weather", arguments: { city: "Bonn" } }] }]),
    });
    span.addEvent("first token", { at: 1.5 });
    span.end();
  });
  tracer.startActiveSpan("execute_tool weather", (span) => {
    span.setAttributes({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather", "gen_ai.tool.call.id": "c1" });
    span.recordException(new TypeError("no such city"));
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  turn.setAttribute("session.id", "chat 7");
  turn.end();
});
provider.shutdown().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
