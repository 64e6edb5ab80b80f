// Java's ForkJoinPool on the pool cases, as its constructor makes it for two workers. Prints one report as JSON.
//
//   ForkJoin load  <count> <samples> <warmups> <inFlight> <jobs/s|fraction> <micros,micros,...>
//   ForkJoin forks <count> <samples> <warmups> <depth> <micros>
//   ForkJoin trips <count> <pauseMillis>
//
// The main thread submits and waits; it runs no job. Of so many in flight it waits for the oldest and submits the next, so the others keep
// both workers busy. Warm-ups are what every peer has, the same load as a sample, here also for the compiler of the machine: no sample is taken before.
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.RecursiveTask;
import java.util.function.DoubleSupplier;

/** A job that halves itself; around it the loads. One class, so that there is one file to keep. */
public final class ForkJoin extends RecursiveTask<Integer> {
  private static final int WORKERS = 2;
  private static final ForkJoinPool pool = new ForkJoinPool(WORKERS);

  /** What the main thread has been answered. */
  private static long count = 0;
  private static long checksum = 0;

  private final int depth;
  private final int micros;

  private ForkJoin(int depth, int micros) {
    this.depth = depth;
    this.micros = micros;
  }

  @Override
  protected Integer compute() {
    if (depth == 0) {
      work(0, micros);
      return 1;
    }
    ForkJoin left = new ForkJoin(depth - 1, micros);
    left.fork();
    int right = new ForkJoin(depth - 1, micros).compute();
    return left.join() + right;
  }

  private static int work(int value, int micros) {
    if (micros > 0) {
      long until = System.nanoTime() + micros * 1000L;
      while (System.nanoTime() - until < 0);
    }
    return value + 1;
  }

  private static void answered(int reply) {
    count++;
    checksum += reply;
  }

  /** Milliseconds until the last of so many jobs is back. */
  private static double loaded(int jobs, int inFlight, int[] micros) {
    ArrayDeque<ForkJoinTask<Integer>> underWay = new ArrayDeque<>(inFlight);
    long before = System.nanoTime();
    for (int value = 0; value < jobs; value++) {
      if (underWay.size() == inFlight) answered(underWay.remove().join());
      int sent = value;
      int each = micros[value % micros.length];
      underWay.add(pool.submit(() -> work(sent, each)));
    }
    while (!underWay.isEmpty()) answered(underWay.remove().join());
    return (System.nanoTime() - before) / 1e6;
  }

  private static double forked(int jobs, int depth, int micros) {
    long before = System.nanoTime();
    for (int i = 0; i < jobs; i++) answered(pool.invoke(new ForkJoin(depth, micros)));
    return (System.nanoTime() - before) / 1e6;
  }

  private static double[] sampled(int samples, int warmups, DoubleSupplier once) {
    for (int i = 0; i < warmups; i++) once.getAsDouble();
    double[] figures = new double[samples];
    for (int i = 0; i < samples; i++) figures[i] = once.getAsDouble();
    return figures;
  }

  /** Microseconds of each trip. */
  private static double[] tripped(int trips, int pauseMillis) throws InterruptedException {
    double[] micros = new double[trips];
    for (int value = 0; value < trips; value++) {
      if (pauseMillis > 0) Thread.sleep(pauseMillis);
      int sent = value;
      long before = System.nanoTime();
      int reply = pool.submit(() -> work(sent, 0)).join();
      micros[value] = (System.nanoTime() - before) / 1e3;
      answered(reply);
    }
    return micros;
  }

  private static void report(double[] samples, long expectedCount, long expectedChecksum) {
    String[] texts = new String[samples.length];
    for (int i = 0; i < samples.length; i++) texts[i] = String.format(Locale.ROOT, "%.5f", samples[i]);
    System.out.printf(
      "{\"samples\":[%s],\"received\":{\"count\":%d,\"checksum\":%d},\"expected\":{\"count\":%d,\"checksum\":%d}}%n",
      String.join(",", texts), count, checksum, expectedCount, expectedChecksum);
  }

  private static int[] numbers(String[] args, int from, int to) {
    return Arrays.stream(args, from, to).mapToInt(Integer::parseInt).toArray();
  }

  private static void load(String[] args) {
    int[] numbers = numbers(args, 1, 5);
    int jobs = numbers[0], samples = numbers[1], warmups = numbers[2], inFlight = numbers[3];
    boolean isRate = args[5].equals("jobs/s");
    int[] micros = Arrays.stream(args[6].split(",")).mapToInt(Integer::parseInt).toArray();
    double asked = 0;
    for (int value = 0; value < jobs; value++) asked += micros[value % micros.length] / 1e3;
    double perfect = asked / WORKERS;
    double[] figures = sampled(samples, warmups, () -> {
      double millis = loaded(jobs, inFlight, micros);
      return isRate ? jobs * 1e3 / millis : perfect / millis;
    });
    long rounds = samples + warmups;
    report(figures, rounds * jobs, rounds * ((long) jobs * (jobs + 1) / 2));
  }

  private static void forks(String[] args) {
    int[] numbers = numbers(args, 1, 6);
    int jobs = numbers[0], samples = numbers[1], warmups = numbers[2], depth = numbers[3], micros = numbers[4];
    double perfect = jobs * (double) (1 << depth) * micros / 1e3 / WORKERS;
    double[] figures = sampled(samples, warmups, () -> perfect / forked(jobs, depth, micros));
    long all = (long) jobs * (samples + warmups);
    report(figures, all, all << depth);
  }

  private static void trips(String[] args) throws InterruptedException {
    int[] numbers = numbers(args, 1, 3);
    int trips = numbers[0], pauseMillis = numbers[1];
    tripped(trips, pauseMillis);
    report(tripped(trips, pauseMillis), 2L * trips, (long) trips * (trips + 1));
  }

  public static void main(String[] args) throws InterruptedException {
    switch (args[0]) {
      case "load": load(args); break;
      case "forks": forks(args); break;
      case "trips": trips(args); break;
      default: throw new IllegalArgumentException("no mode " + args[0]);
    }
    pool.shutdown();
  }
}
