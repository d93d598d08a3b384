package dev.excitor.train;

import java.util.Arrays;

/// Derivatives by the chain rule and nothing else: every number that a computation makes in double precision is
/// recorded with the numbers it was made of and its derivatives by them, and [#gradient] walks back. Slow, general, and
/// with no formula of any model in it.
public final class Tape {

    private double[] values = new double[1 << 12];
    private int[] starts = new int[(1 << 12) + 1];
    private int size;
    private int[] parents = new int[1 << 14];
    private double[] slopes = new double[1 << 14];
    private int links;

    /// A number that nothing was made of.
    public int leaf(double value) {
        return node(value);
    }

    public double value(int node) {
        return values[node];
    }

    public int add(int a, int b) {
        int node = node(values[a] + values[b]);
        link(a, 1);
        link(b, 1);
        return seal(node);
    }

    public int times(int a, double factor) {
        int node = node(values[a] * factor);
        link(a, factor);
        return seal(node);
    }

    public int multiply(int a, int b) {
        int node = node(values[a] * values[b]);
        link(a, values[b]);
        link(b, values[a]);
        return seal(node);
    }

    public int divide(int a, int b) {
        int node = node(values[a] / values[b]);
        link(a, 1 / values[b]);
        link(b, -values[a] / (values[b] * values[b]));
        return seal(node);
    }

    public int exp(int a) {
        int node = node(Math.exp(values[a]));
        link(a, values[node]);
        return seal(node);
    }

    public int log(int a) {
        int node = node(Math.log(values[a]));
        link(a, 1 / values[a]);
        return seal(node);
    }

    public int tanh(int a) {
        int node = node(Math.tanh(values[a]));
        link(a, 1 - values[node] * values[node]);
        return seal(node);
    }

    /// `1 / sqrt(a)`.
    public int inverseRoot(int a) {
        int node = node(1 / Math.sqrt(values[a]));
        link(a, -0.5 * values[node] / values[a]);
        return seal(node);
    }

    public int sum(int... terms) {
        double sum = 0;
        for (int term : terms) {
            sum += values[term];
        }
        int node = node(sum);
        for (int term : terms) {
            link(term, 1);
        }
        return seal(node);
    }

    public int dot(int[] a, int[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += values[a[i]] * values[b[i]];
        }
        int node = node(sum);
        for (int i = 0; i < a.length; i++) {
            link(a[i], values[b[i]]);
            link(b[i], values[a[i]]);
        }
        return seal(node);
    }

    /// With factors that are no variables.
    public int dot(int[] a, double[] factors, int from) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += values[a[i]] * factors[from + i];
        }
        int node = node(sum);
        for (int i = 0; i < a.length; i++) {
            link(a[i], factors[from + i]);
        }
        return seal(node);
    }

    public int[] softmax(int[] x) {
        double max = Arrays.stream(x).mapToDouble(this::value).max().orElseThrow();
        int shift = leaf(-max);
        int[] e = Arrays.stream(x).map(i -> exp(add(i, shift))).toArray();
        int total = sum(e);
        return Arrays.stream(e).map(i -> divide(i, total)).toArray();
    }

    /// The derivative of one number by every other.
    public double[] gradient(int of) {
        double[] gradient = new double[size];
        gradient[of] = 1;
        for (int node = of; node >= 0; node--) {
            for (int link = starts[node]; link < starts[node + 1]; link++) {
                gradient[parents[link]] += gradient[node] * slopes[link];
            }
        }
        return gradient;
    }

    private int node(double value) {
        if (size + 2 > values.length) {
            values = Arrays.copyOf(values, 2 * size + 2);
            starts = Arrays.copyOf(starts, 2 * size + 3);
        }
        values[size] = value;
        starts[size] = links;
        size++;
        starts[size] = links;
        return size - 1;
    }

    private void link(int parent, double slope) {
        if (links == parents.length) {
            parents = Arrays.copyOf(parents, 2 * links);
            slopes = Arrays.copyOf(slopes, 2 * links);
        }
        parents[links] = parent;
        slopes[links] = slope;
        links++;
    }

    private int seal(int node) {
        starts[node + 1] = links;
        return node;
    }
}
