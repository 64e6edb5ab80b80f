import { describe, expect, it } from "vitest"
import { explore, type Program, type Thread, Violation } from "./explore.ts"
import type * as CellModule from "./fixtures/Cell.ts"
import { loader } from "./gate.ts"
import * as atomics from "./gatedAtomics.ts"
import { thread } from "./programs/program.ts"
import type { Body } from "./request.ts"
import * as runtime from "./runtime.ts"

const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4))

const check = (isTrue: boolean, what: string): void => {
  if (!isTrue) throw new Violation(what)
}

/** A program that makes its threads on fresh memory. */
const program = (
  threads: (cells: Int32Array) => ReadonlyArray<Thread>,
  end: (cells: Int32Array) => void = () => undefined,
  more: Partial<Program> = {}
) =>
(): Program => {
  const cells = words(64)
  return { threads: threads(cells), check: () => end(cells), ...more }
}

/** The outcomes that the schedules of a program end with. */
const outcomes = (preemptions: number, make: (outcome: (value: unknown) => void) => Program): ReadonlyArray<string> => {
  const found = new Set<string>()
  const { failure } = explore(() => make((value) => found.add(String(value))), preemptions)
  expect(failure).toBeUndefined()
  return [...found].toSorted()
}

const ops = function*(cells: Int32Array, count: number): Body {
  for (let i = 0; i < count; i++) yield* atomics.add(cells, 0, 1)
}

/** Ways to interleave threads of so many steps each with at most so many preemptions, by a definition of its own. */
const interleavings = (steps: ReadonlyArray<number>, preemptions: number, current = -1): number => {
  if (steps.every((left) => left === 0)) return 1
  let count = 0
  steps.forEach((left, i) => {
    const preempts = i !== current && current >= 0 && steps[current]! > 0
    if (left === 0 || (preempts && preemptions === 0)) return
    count += interleavings(steps.with(i, left - 1), preempts ? preemptions - 1 : preemptions, i)
  })
  return count
}

describe("explore", () => {
  describe("counts", () => {
    it("goes through each interleaving exactly once when preemptions are not bounded", () => {
      // A thread of n operations makes n + 1 steps: its start is one.
      const two = (n: number) => program((cells) => [thread("a", ops(cells, n)), thread("b", ops(cells, n))])
      expect(explore(two(1), Infinity).schedules).toBe(6)
      expect(explore(two(2), Infinity).schedules).toBe(20)
      expect(explore(two(4), Infinity).schedules).toBe(252)
      const three = program((cells) => ["a", "b", "c"].map((name) => thread(name, ops(cells, 1))))
      expect(explore(three, Infinity).schedules).toBe(90)
    })

    it.each([0, 1, 2, 3])("goes through each interleaving with %i preemptions exactly once", (preemptions) => {
      const make = program((cells) => [3, 2, 1].map((n) => thread(`of ${n}`, ops(cells, n))))
      expect(explore(make, preemptions).schedules).toBe(interleavings([4, 3, 2], preemptions))
    })

    it("takes the turn from a thread only where what it does next makes a difference to others", () => {
      const calls = (cells: Int32Array, own: number, writes: boolean): Body => {
        const call = function*(): Body {
          runtime.enter()
          for (let i = 0; i < 4; i++) yield* writes ? atomics.add(cells, own, 1) : atomics.load(cells, own)
          runtime.leave()
        }
        return call()
      }
      const two = (other: number, writes: boolean) =>
        program((cells) => [thread("a", calls(cells, 0, writes)), thread("b", calls(cells, other, writes))])
      const all = interleavings([5, 5], 2)
      expect(explore(two(0, true), 2).schedules).toBe(all)
      expect(explore(two(0, false), 2).schedules).toBeLessThan(all / 3)
      expect(explore(two(1, true), 2).schedules).toBeLessThan(all / 3)
    })

    it("takes every operation of a lone mortal thread for a place to die at, before and after it", () => {
      const seen = new Set<number>()
      const make = program(
        (cells) => [thread("a", ops(cells, 2), true)],
        (cells) => seen.add(cells[0]!)
      )
      // Before the start; between each of two operations and the code behind it; behind the first; and not at all.
      expect(explore(make, 0).schedules).toBe(5)
      expect([0, 1, 2].every((count) => seen.has(count))).toBe(true)
    })

    it("takes a thread that has changed nothing since it could die last for one that may as well have died then", () => {
      const looks = function*(cells: Int32Array): Body {
        for (let i = 0; i < 4; i++) yield* atomics.load(cells, 0)
      }
      expect(explore(program((cells) => [thread("a", looks(cells), true)]), 0).schedules).toBe(2)
    })

    it("tells the steps of the longest schedule and whether anybody waited", () => {
      const outcome = explore(program((cells) => [thread("a", ops(cells, 4))]), 0)
      expect(outcome).toEqual({ schedules: 1, depth: 5, waited: false, failure: undefined })
    })
  })

  describe("classic races", () => {
    const counted = (body: (cells: Int32Array) => Body) =>
      program(
        (cells) => [thread("a", body(cells)), thread("b", body(cells))],
        (cells) => check(cells[0] === 2, `counted ${cells[0]}`)
      )

    it("finds a lost update only when it may preempt", () => {
      const unsafe = function*(cells: Int32Array): Body {
        yield* atomics.store(cells, 0, (yield* atomics.load(cells, 0)) + 1)
      }
      expect(explore(counted(unsafe), 0).failure).toBeUndefined()
      expect(explore(counted(unsafe), 1).failure).toContain("counted 1")
      expect(explore(counted((cells) => ops(cells, 1)), Infinity).failure).toBeUndefined()
    })

    it("never sees store buffering, and always one store of the two at least", () => {
      const seen = outcomes(Infinity, (outcome) => {
        const cells = words(2)
        const read = [-1, -1]
        const side = function*(own: number): Body {
          yield* atomics.store(cells, own, 1)
          read[own] = yield* atomics.load(cells, 1 - own)
        }
        return { threads: [thread("a", side(0)), thread("b", side(1))], check: () => outcome(read.join("/")) }
      })
      expect(seen).toEqual(["0/1", "1/0", "1/1"])
    })

    it("sees a message whole when its flag is set", () => {
      const seen = outcomes(Infinity, (outcome) => {
        const cells = words(2)
        let read = "no flag"
        const writer = function*(): Body {
          yield* atomics.store(cells, 0, 7)
          yield* atomics.store(cells, 1, 1)
        }
        const reader = function*(): Body {
          if ((yield* atomics.load(cells, 1)) === 1) read = String(yield* atomics.load(cells, 0))
        }
        return { threads: [thread("w", writer()), thread("r", reader())], check: () => outcome(read) }
      })
      expect(seen).toEqual(["7", "no flag"])
    })

    /** Two threads that enter a section one at a time. */
    const exclusive = (
      enter: (cells: Int32Array, own: number) => Body,
      leave: (cells: Int32Array, own: number) => Body
    ) =>
      program((cells) => {
        let inside = 0
        const body = function*(own: number): Body {
          yield* enter(cells, own)
          check(++inside === 1, "both are inside")
          yield* atomics.turn()
          inside--
          yield* leave(cells, own)
        }
        return [thread("a", body(0)), thread("b", body(1))]
      })

    const lower = function*(cells: Int32Array, own: number): Body {
      yield* atomics.store(cells, own, 0)
    }

    it("proves Peterson's lock, and breaks it when the turn is given away first", () => {
      const peterson = (turnFirst: boolean) =>
        function*(cells: Int32Array, own: number): Body {
          if (turnFirst) yield* atomics.store(cells, 2, 1 - own)
          yield* atomics.store(cells, own, 1)
          if (!turnFirst) yield* atomics.store(cells, 2, 1 - own)
          while ((yield* atomics.load(cells, 1 - own)) === 1 && (yield* atomics.load(cells, 2)) === 1 - own) {
            yield* atomics.spin()
          }
        }
      expect(explore(exclusive(peterson(false), lower), 4).failure).toBeUndefined()
      expect(explore(exclusive(peterson(true), lower), 4).failure).toContain("both are inside")
    })

    it("finds both inside when they look before they raise their flags, and a deadlock when they only raise them", () => {
      const looks = function*(cells: Int32Array, own: number): Body {
        while ((yield* atomics.load(cells, 1 - own)) === 1) yield* atomics.spin()
        yield* atomics.store(cells, own, 1)
      }
      expect(explore(exclusive(looks, lower), 2).failure).toContain("both are inside")
      const raises = function*(cells: Int32Array, own: number): Body {
        yield* atomics.store(cells, own, 1)
        while ((yield* atomics.load(cells, 1 - own)) === 1) yield* atomics.spin()
      }
      expect(explore(exclusive(raises, lower), 2).failure).toContain("waits for ever: a (spinning), b (spinning)")
    })

    it("finds the ABA of a stack without versions, and none with them", () => {
      // Cell 0 is the top; cells 1 and 2 hold what lies below node 1 and node 2.
      const stack = (bits: number) =>
        program((cells) => {
          cells[0] = 1
          cells[1] = 2
          const owners = [0, 0, 0]
          const top = (head: number): number => head & 3
          const next = (head: number, node: number): number => (bits === 0 ? 0 : (head & -4) + 4) | node
          const pop = function*(): Body<number> {
            for (;;) {
              const head = yield* atomics.load(cells, 0)
              if (top(head) === 0) return 0
              const below = yield* atomics.load(cells, top(head))
              if ((yield* atomics.compareExchange(cells, 0, head, next(head, below))) !== head) continue
              check(++owners[top(head)]! === 1, `node ${top(head)} has two owners`)
              return top(head)
            }
          }
          const push = function*(node: number): Body {
            owners[node]!--
            for (;;) {
              const head = yield* atomics.load(cells, 0)
              yield* atomics.store(cells, node, top(head))
              if ((yield* atomics.compareExchange(cells, 0, head, next(head, node))) === head) return
            }
          }
          const b = function*(): Body {
            const first = yield* pop()
            const second = yield* pop()
            if (first !== 0) yield* push(first)
            check(second === 0 || owners[second] === 1, `node ${second} has two owners`)
            yield* pop()
            yield* pop()
          }
          const a = function*(): Body {
            yield* pop()
          }
          return [thread("a", a()), thread("b", b())]
        })
      expect(explore(stack(0), 3).failure).toContain("has two owners")
      expect(explore(stack(1), 3).failure).toBeUndefined()
    })
  })

  describe("waiting", () => {
    it("reports threads that wait for ever", () => {
      const waits = function*(cells: Int32Array): Body {
        yield* atomics.wait(cells, 0, 0)
      }
      expect(explore(program((cells) => [thread("a", waits(cells)), thread("b", waits(cells))]), 1).failure)
        .toContain("waits for ever: a, b")
    })

    it("wakes waiters in the order they came in, as many as asked for", () => {
      const seen = outcomes(2, (outcome) => {
        const cells = words(2)
        const arrived: Array<string> = []
        const woken: Array<string> = []
        const waiter = function*(name: string): Body {
          yield* atomics.mark()
          arrived.push(name)
          if ((yield* atomics.wait(cells, 0, 0)) === "ok") woken.push(name)
        }
        const waker = function*(): Body {
          check((yield* atomics.notify(cells, 0, 0)) === 0, "woke some when asked for none")
          check((yield* atomics.notify(cells, 1)) === 0, "woke some of another cell")
          const waiting = arrived.length
          const count = yield* atomics.notify(cells, 0, 2)
          check(count === Math.min(2, waiting) || arrived.length > waiting, `woke ${count} of ${waiting}`)
          yield* atomics.store(cells, 0, 1)
          const first = arrived.slice(0, count).toSorted().join("")
          outcome(`${count} of ${arrived.length}`)
          yield* atomics.turn()
          while (woken.length < count) yield* atomics.spin()
          check(woken.slice(0, count).toSorted().join("") === first, `${first} came first, ${woken.join("")} woke`)
          yield* atomics.notify(cells, 0)
        }
        return {
          threads: [...["a", "b", "c"].map((name) => thread(name, waiter(name))), thread("waker", waker())],
          check: () => undefined
        }
      })
      expect(seen).toContain("2 of 3")
      expect(seen).not.toContain("3 of 3")
    })

    it("does not begin to wait when the value is another, and settles what waitAsync promised", () => {
      const seen = outcomes(2, (outcome) => {
        const cells = words(1)
        let result = ""
        const waiter = function*(): Body {
          const wait = yield* atomics.waitAsync(cells, 0, 0)
          result = wait.async ? yield* atomics.settle(wait.value) : wait.value
        }
        const waker = function*(): Body {
          yield* atomics.store(cells, 0, 1)
          yield* atomics.notify(cells, 0)
        }
        return { threads: [thread("waiter", waiter()), thread("waker", waker())], check: () => outcome(result) }
      })
      expect(seen).toEqual(["not-equal", "ok"])
    })

    it("lets a wait time out only where the program asks for it", () => {
      const make = (timeouts: Partial<Program>, millis?: number) => (outcome: (value: unknown) => void): Program => {
        const cells = words(1)
        let result = ""
        const waiter = function*(): Body {
          result = yield* atomics.wait(cells, 0, 0, millis)
        }
        const waker = function*(): Body {
          while ((yield* atomics.notify(cells, 0)) === 0) {
            if (result !== "") return
            yield* atomics.spin()
          }
        }
        return {
          threads: [thread("waiter", waiter()), thread("waker", waker())],
          check: () => outcome(result),
          ...timeouts
        }
      }
      expect(outcomes(2, make({}, 10))).toEqual(["ok"])
      expect(outcomes(2, make({ timeouts: 1 }))).toEqual(["ok"])
      expect(outcomes(2, make({ timeouts: 1 }, 10))).toEqual(["ok", "timed-out"])
      expect(outcomes(2, make({}, 0))).toEqual(["timed-out"])
    })

    it("takes a timeout to come some time when nothing else can happen", () => {
      const waits = function*(cells: Int32Array): Body {
        yield* atomics.wait(cells, 0, 0, 10)
        yield* atomics.wait(cells, 0, 0, 10)
      }
      const make = (more: Partial<Program>) => program((cells) => [thread("a", waits(cells))], undefined, more)
      expect(explore(make({ timeouts: 1 }), 0).failure).toBeUndefined()
      expect(explore(make({}), 0).failure).toContain("waits for ever: a")
    })
  })

  describe("spinning", () => {
    const until = function*(cells: Int32Array, index: number): Body {
      while ((yield* atomics.load(cells, index)) === 0) yield* atomics.spin()
    }
    const set = function*(cells: Int32Array, index: number): Body {
      yield* atomics.store(cells, index, 1)
    }

    it("lets spinning threads go on when another has changed something", () => {
      const make = program((cells) => [
        thread("a", until(cells, 0)),
        thread("b", until(cells, 0)),
        thread("c", until(cells, 0)),
        thread("setter", set(cells, 0))
      ])
      const { depth, failure, schedules } = explore(make, 1)
      expect(failure).toBeUndefined()
      // None of them has more than three turns: before the store, behind it, and one in vain.
      expect(depth).toBeLessThan(25)
      expect(schedules).toBeLessThan(2000)
    })

    it("reports threads that only spin, however many they are", () => {
      const make = program((cells) => ["a", "b", "c", "d"].map((name) => thread(name, until(cells, 0))))
      const outcome = explore(make, 2)
      expect(outcome.failure).toMatch(/waits for ever: a \(spinning\), b \(spinning\), c \(spinning\), d \(spinning\)/)
      expect(outcome.schedules).toBe(1)
    })

    it("gives a thread that spins a few times the turns to stop doing so", () => {
      const tries = function*(cells: Int32Array): Body {
        for (let spins = 0; spins < 5; spins++) yield* atomics.spin()
        yield* atomics.store(cells, 0, 1)
      }
      const make = program((cells) => [thread("a", tries(cells)), thread("b", until(cells, 0))])
      expect(explore(make, 2).failure).toBeUndefined()
    })

    it("reports threads that do not end", () => {
      const forever = function*(cells: Int32Array): Body {
        while ((yield* atomics.load(cells, 0)) === 0);
      }
      expect(explore(program((cells) => [thread("a", forever(cells))]), 0).failure).toContain("does not end")
    })
  })

  describe("death", () => {
    it("lets as many mortal threads die as the program says, and starts those that hear of it", () => {
      const died = (deaths: number) =>
        outcomes(0, (outcome) => {
          const cells = words(1)
          const names: Array<string> = []
          return {
            threads: ["a", "b"].map((name) => thread(name, ops(cells, 1), true)),
            deaths,
            onDeath: (dead) => {
              names.push(dead.name)
              return [thread(`after ${dead.name}`, ops(cells, 1))]
            },
            check: () => {
              check(cells[0]! >= 2 && cells[0]! <= 2 + names.length, `counted ${cells[0]}`)
              outcome(names.toSorted().join(""))
            }
          }
        })
      expect(died(1)).toEqual(["", "a", "b"])
      expect(died(2)).toEqual(["", "a", "ab", "b"])
    })

    it("lets a thread die while it waits and after it was woken, and forgets its wait", () => {
      const seen = outcomes(2, (outcome) => {
        const cells = words(1)
        let woken = -1
        let died = false
        const waiter = function*(): Body {
          yield* atomics.wait(cells, 0, 0)
          outcome("lived")
        }
        const waker = function*(): Body {
          woken = yield* atomics.notify(cells, 0)
          yield* atomics.store(cells, 0, 1)
          yield* atomics.notify(cells, 0)
        }
        return {
          threads: [thread("waiter", waiter(), true), thread("waker", waker())],
          onDeath: () => {
            died = true
            return []
          },
          check: () => outcome(died ? `died, woke ${woken}` : `woke ${woken}`)
        }
      })
      expect(seen).toEqual(["died, woke 0", "died, woke 1", "lived", "woke 0", "woke 1"])
    })

    it("lets a thread die between an operation and the plain code behind it", () => {
      const seen = outcomes(0, (outcome) => {
        const cells = words(2)
        const body = function*(): Body {
          yield* atomics.add(cells, 0, 1)
          cells[1] = 1
          yield* atomics.add(cells, 0, 1)
        }
        return { threads: [thread("a", body(), true)], check: () => outcome([...cells].join()) }
      })
      expect(seen).toEqual(["0,0", "1,0", "1,1", "2,1"])
    })
  })

  describe("data races", () => {
    const plain = (cells: Int32Array, value: number): void => {
      runtime.write(cells, 1, value)
    }

    /** Hands a plain word over by a flag, in the way that is given. */
    const handover = (write: (cells: Int32Array) => Body, read: (cells: Int32Array) => Body, more?: Partial<Program>) =>
      program((cells) => [thread("writer", write(cells)), thread("reader", read(cells))], undefined, more)

    const publishes = function*(cells: Int32Array): Body {
      plain(cells, 7)
      yield* atomics.store(cells, 0, 1)
    }
    const reads = function*(cells: Int32Array): Body {
      if ((yield* atomics.load(cells, 0)) === 1) check(runtime.read(cells, 1) === 7, "read something else")
    }

    it("takes no access for a race that atomic operations put in order", () => {
      expect(explore(handover(publishes, reads), Infinity).failure).toBeUndefined()
    })

    it("finds the write behind its publication", () => {
      const late = function*(cells: Int32Array): Body {
        yield* atomics.store(cells, 0, 1)
        plain(cells, 7)
      }
      expect(explore(handover(late, reads), 1).failure).toMatch(
        /data race: reader reads word 1 of buffer A that writer/
      )
    })

    it("finds the read without a look at the flag, even where it reads the right value", () => {
      const blind = function*(cells: Int32Array): Body {
        yield* atomics.load(cells, 5)
        runtime.read(cells, 1)
      }
      expect(explore(handover(publishes, blind), 0).failure).toContain("data race")
    })

    it("finds a plain access of a word that another thread accesses atomically", () => {
      const plainFlag = function*(cells: Int32Array): Body {
        yield* atomics.load(cells, 5)
        runtime.read(cells, 0)
      }
      expect(explore(handover(publishes, plainFlag), 0).failure).toContain("writes atomically")
    })

    it("knows that a store hides what was stored before it", () => {
      const overwrites = program((cells) => {
        const third = function*(): Body {
          yield* atomics.store(cells, 0, 1)
        }
        return [thread("writer", publishes(cells)), thread("third", third()), thread("reader", reads(cells))]
      })
      expect(explore(overwrites, 1).failure).toContain("data race")
    })

    it("orders a wake-up behind its notify, and a recovery behind the death", () => {
      const sleeps = function*(cells: Int32Array): Body {
        const result = yield* atomics.wait(cells, 0, 0)
        if (result === "ok") runtime.read(cells, 1)
      }
      const wakes = function*(cells: Int32Array): Body {
        plain(cells, 7)
        yield* atomics.notify(cells, 0)
        yield* atomics.store(cells, 0, 1)
        yield* atomics.notify(cells, 0)
      }
      expect(explore(handover(wakes, sleeps), Infinity).failure).toBeUndefined()
      const mortal = program((cells) => [thread("writer", publishes(cells), true)], undefined, {})
      const recovers = () => {
        const made = mortal()
        const cells = words(2)
        const body = function*(write: boolean): Body {
          if (write) plain(cells, 1)
          else runtime.read(cells, 1)
          yield* atomics.load(cells, 0)
          if (write) plain(cells, 2)
        }
        return { ...made, threads: [thread("a", body(true), true)], onDeath: () => [thread("b", body(false))] }
      }
      expect(explore(recovers, Infinity).failure).toBeUndefined()
    })

    it("leaves races to a program that says why they do no harm, and interleaves its plain code", () => {
      const late = function*(cells: Int32Array): Body {
        yield* atomics.store(cells, 0, 1)
        plain(cells, 7)
      }
      expect(explore(handover(late, reads, { racing: { why: "the test says so", words: () => true } }), 1).failure)
        .toContain("read something else")
    })

    it("lets a plain store of a word that races by design be seen late, until an atomic operation tells of it", () => {
      const racing = { why: "the test says so", words: (word: number) => word < 2 }
      const found = (isTold: boolean) =>
        outcomes(Infinity, (outcome) => {
          const cells = words(4)
          const writer = function*(): Body {
            runtime.write(cells, 0, 1)
            runtime.write(cells, 1, 1)
            yield* atomics.store(cells, 2, 1)
          }
          const reader = function*(): Body {
            if (isTold) { while ((yield* atomics.load(cells, 2)) === 0) yield* atomics.spin() }
            outcome(`${String(runtime.read(cells, 1))}${String(runtime.read(cells, 0))}`)
          }
          return { threads: [thread("writer", writer()), thread("reader", reader())], check: () => undefined, racing }
        })
      expect(found(false)).toEqual(["00", "01", "10", "11"])
      expect(found(true)).toEqual(["11"])
    })
  })

  it("tells the schedule that failed: thread, place, operation, values", async () => {
    const { Cell } = await loader([], new URL("./fixtures/", import.meta.url))<typeof CellModule>("Cell")
    const make = (): Program => {
      const sab = new SharedArrayBuffer(8)
      const threads = ["a", "b"].map((name) => thread(name, new Cell(sab).incrementWrongly(1)))
      return { threads, check: () => check(new Int32Array(sab)[0] === 2, "an update is lost") }
    }
    expect(explore(make, 1).failure?.split("\n").map((line) => line.trim().replaceAll(/ +/g, " "))).toEqual([
      "an update is lost",
      "a starts",
      "a Cell.get load A[0] is 0",
      "b starts",
      "b Cell.get load A[0] is 0",
      "b Cell.incrementWrongly store A[0] = 1 (was 0)",
      "b ends",
      "a Cell.incrementWrongly store A[0] = 1 (was 1)",
      "a ends"
    ])
  })

  it("takes a typed error for a broken promise, and any other for a mistake in the program", () => {
    const throws = (error: Error) =>
      program((cells) => {
        const body = function*(): Body {
          yield* atomics.load(cells, 0)
          throw error
        }
        return [thread("a", body())]
      })
    expect(explore(throws(Object.assign(new Error("bad"), { _tag: "Bad" })), 0).failure).toContain("a: Bad: bad")
    expect(() => explore(throws(new TypeError("mistake")), 0)).toThrow(/mistake/)
  })

  it("knows nothing of what ran before it", () => {
    const failing = program((cells) => [thread(
      "a",
      function*(): Body {
        yield* atomics.load(cells, 0)
        runtime.write(cells, 1, 1)
        throw new Violation("in the middle of a step that has written")
      }()
    )])
    const mortal = program((cells) => [thread("b", ops(cells, 1), true)])
    const alone = explore(mortal, 1)
    expect(explore(failing, 1).failure).toBeDefined()
    expect(explore(mortal, 1)).toEqual(alone)
  })

  it("refuses a program that comes out differently when it is run again", () => {
    let runs = 0
    const make = program((cells) =>
      (runs++ === 0 ? ["a", "b"] : ["a", "b", "c"]).map((name) => thread(name, ops(cells, 1)))
    )
    expect(() => explore(make, 1)).toThrow(/not deterministic/)
  })
})
