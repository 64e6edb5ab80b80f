/** Values that have no text, or that throw when somebody looks at them. */
const no = () => {
  throw new Error("no")
}

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const circle = () => {
  const value: Record<string, unknown> = { _tag: "Circle" }
  value["self"] = value
  return value
}

const behind = (depth: number): Error =>
  depth === 0 ? new Error("the first") : new Error("later", { cause: behind(depth - 1) })

/** By name, made anew at each call. */
export const oddValues: Readonly<Record<string, () => unknown>> = {
  "nothing": () => undefined,
  "a symbol": () => Symbol("odd"),
  "a function": () => no,
  "a bigint": () => 7n,
  "NaN": () => Number.NaN,
  "an object without a prototype": () => Object.create(null),
  "a map": () => new Map([[1, 2]]),
  "a revoked proxy": revoked,
  "a proxy that throws": () =>
    new Proxy({}, { get: no, getPrototypeOf: no, ownKeys: no, has: no, getOwnPropertyDescriptor: no }),
  "a circle": circle,
  "a text that throws": () => ({ toString: no, toJSON: no }),
  "an error whose message throws": () => Object.defineProperty(new Error("x"), "message", { get: no }),
  "an error whose stack throws": () => Object.defineProperty(new Error("x"), "stack", { get: no }),
  "an error whose name is an object": () => Object.assign(new Error("x"), { name: {} }),
  "an error that is its own cause": () => {
    const error = new Error("round")
    error.cause = error
    return error
  },
  "an error behind a thousand others": () => behind(1000),
  "a long text": () => "x".repeat(1_000_000),
  "a long error": () => new Error("x".repeat(1_000_000)),
  "a lone surrogate": () => "\ud800"
}
