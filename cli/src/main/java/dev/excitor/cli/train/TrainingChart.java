package dev.excitor.cli.train;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// The charts of a training, as PNG. The only class that knows XChart, which is in the program's module graph only when
/// it is asked for: it brings the desktop module, and no other command should wait for that.
final class TrainingChart {

    private static final int WIDTH = 960;
    private static final int HEIGHT = 540;

    private TrainingChart() {}

    /// Whether the library is there: always on the class path, on the module path when it was added.
    static boolean isAvailable() {
        ModuleLayer boot = ModuleLayer.boot();
        return !TrainingChart.class.getModule().isNamed()
                || (boot.findModule("xchart").isPresent()
                        && boot.findModule("java.desktop").isPresent());
    }

    /// Training and validation loss over updates.
    static void loss(List<MetricsFile.Point> points, Path file) throws IOException {
        XYChart chart = chart("Loss", "update", "nats per token");
        add(
                chart,
                "training",
                points.stream().filter(point -> !point.validation()).toList());
        add(
                chart,
                "validation",
                points.stream().filter(MetricsFile.Point::validation).toList());
        write(chart, file);
    }

    private static void add(XYChart chart, String name, List<MetricsFile.Point> points) {
        if (!points.isEmpty()) {
            double[] steps =
                    points.stream().mapToDouble(MetricsFile.Point::step).toArray();
            double[] losses =
                    points.stream().mapToDouble(MetricsFile.Point::loss).toArray();
            chart.addSeries(name, steps, losses)
                    .setMarker(name.equals("validation") ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        }
    }

    /// The mean size of the gates and the attention moved, by layer.
    static void layers(TrainingReport report, Path file) throws IOException {
        double[] layers =
                report.layers().stream().mapToDouble(Integer::doubleValue).toArray();
        double[] gates =
                report.gates().stream().mapToDouble(TrainingChart::size).toArray();
        XYChart chart = chart("What the adapter does in each layer", "layer", "");
        chart.addSeries("mean |gate|", layers, gates).setMarker(SeriesMarkers.CIRCLE);
        chart.addSeries("share of attention moved", layers, report.moved()).setMarker(SeriesMarkers.SQUARE);
        write(chart, file);
    }

    private static double size(float[] gates) {
        double sum = 0;
        for (float gate : gates) {
            sum += Math.abs(gate);
        }
        return sum / gates.length;
    }

    private static XYChart chart(String title, String x, String y) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .theme(Styler.ChartTheme.GGPlot2)
                .build();
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setXAxisDecimalPattern("#,##0");
        return chart;
    }

    private static void write(XYChart chart, Path file) throws IOException {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        chart.paint(image.createGraphics(), WIDTH, HEIGHT);
        Path unfinished = file.resolveSibling("%s.%x.part".formatted(file.getFileName(), System.nanoTime()));
        try {
            try (OutputStream out = Files.newOutputStream(unfinished)) {
                ImageIO.write(image, "png", out);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }
}
