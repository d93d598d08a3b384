package dev.excitor.runtime.format.superblock;

/// One by one.
enum CodebookScalar implements Codebook {
    INSTANCE;

    @Override
    public void search(float[] x, int from, int blocks, byte[] values, float[] scratch, float[] scales) {
        for (int j = 0; j < blocks; j++) {
            scales[j] = ScaleSearch.codebook(x, from + j * BLOCK, BLOCK, values);
        }
    }

    @Override
    public void round(float[] x, int from, float inverse, byte[] values, int[] codes) {
        for (int i = 0; i < BLOCK; i++) {
            codes[i] = ScaleSearch.nearestValue(values, inverse * x[from + i]);
        }
    }
}
