package dev.excitor.bench.chart;

import java.awt.Dimension;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGraphics2D;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.w3c.dom.Document;

/// A chart as a file: PNG or SVG, by the name's end.
final class ChartImage {

    private static final int WIDTH = 960;
    private static final int HEIGHT = 600;
    private static final String SVG_NAMESPACE = "http://www.w3.org/2000/svg";

    private final XYChart chart;

    ChartImage(String title, Axis axis, List<Series> series) {
        chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(axis.title())
                .yAxisTitle("tokens per second")
                .theme(Styler.ChartTheme.GGPlot2)
                .build();
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisDecimalPattern("#,##0.###");
        chart.getStyler().setXAxisLogarithmic(axis.isLogarithmic());
        chart.getStyler().setXAxisDecimalPattern("#,##0");
        series.forEach(each -> chart.addSeries(each.name(), each.places(), each.rates(), each.deviations()));
    }

    static boolean isKnown(Path file) {
        return end(file).equals("png") || end(file).equals("svg");
    }

    void write(Path file) throws IOException {
        if (end(file).equals("svg")) {
            try (Writer out = Files.newBufferedWriter(file)) {
                svg(out);
            }
        } else {
            try (OutputStream out = Files.newOutputStream(file)) {
                png(out);
            }
        }
    }

    private void png(OutputStream out) throws IOException {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        chart.paint(image.createGraphics(), WIDTH, HEIGHT);
        ImageIO.write(image, "png", out);
    }

    private void svg(Writer out) throws IOException {
        SVGGraphics2D graphics = new SVGGraphics2D(document());
        graphics.setSVGCanvasSize(new Dimension(WIDTH, HEIGHT));
        chart.paint(graphics, WIDTH, HEIGHT);
        graphics.stream(out, true);
    }

    private static Document document() {
        try {
            return DocumentBuilderFactory.newDefaultInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument(SVG_NAMESPACE, "svg", null);
        } catch (ParserConfigurationException impossible) {
            throw new IllegalStateException(impossible); // nothing was asked of it
        }
    }

    private static String end(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
