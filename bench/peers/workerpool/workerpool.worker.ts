/** What a worker of workerpool runs. */
import { worker } from "workerpool"
import { work } from "../jobs.ts"

worker({ run: (value: number, micros: number): number => work(value, micros) })
