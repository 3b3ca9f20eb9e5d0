/** What the local server answers the page. */
interface SessionRow {
  session_id: string;
  name: string | null;
  start_ms: number | null;
  end_ms: number | null;
  duration_ms: number | null;
  events: number;
  errors: number;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  cost: number | null;
  feedback: unknown;
  project: string | null;
  has_session_event: boolean;
}

interface EventRow {
  event_id: string;
  parent_id: string | null;
  event_name: string | null;
  event_type: string;
  start_ms: number | null;
  end_ms: number | null;
  duration_ms: number | null;
  error: string | null;
  model: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  total_tokens: number | null;
  cost: number | null;
}

interface FilterAnswer {
  filters: { field: string; operator: string; value?: unknown; type?: string }[];
  body: object;
  python: string;
}

interface LoggedRequest {
  number: number;
  time: number;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: unknown;
  size: number;
  status: number;
  fault: string | null;
  milliseconds: number;
  violations: { path: string; message: string }[];
  refusal: string | null;
  errors: { path: string; message: string }[];
}

/** What the address says that the page shows. */
type State = Record<string, string | undefined>;

/** One view of the page. */
interface View {
  element: HTMLElement;
  update(state: State): void;
  key?(event: KeyboardEvent): boolean;
  close(): void;
}

/** A time from and to, in Unix milliseconds. */
type Span = [number, number];

type Child = Node | string | number | null | undefined | false | Child[];

/** What `h` makes: the tag, perhaps with classes, says which element. */
interface H {
  <K extends keyof HTMLElementTagNameMap>(tag: K | `${K}.${string}`, props?: Record<string, any>, ...children: Child[]): HTMLElementTagNameMap[K];
  (tag: string, props?: Record<string, any>, ...children: Child[]): HTMLElement;
}
