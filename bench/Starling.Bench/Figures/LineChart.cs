using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Starling.Bench.Figures;

/// <summary>A plain line chart as SVG: axes from zero, one colour a group, dashed or solid lines, marks on measured points.</summary>
internal sealed class LineChart(string title, string horizontal, string vertical)
{
    private const int Width = 720;
    private const int Height = 440;
    private const int Left = 60;
    private const int Right = 190;
    private const int Top = 40;
    private const int Bottom = 50;

    private readonly List<Series> _series = [];

    public void Add(Series series) => _series.Add(series);

    public string ToSvg()
    {
        double mostX = _series.Max(series => series.Points.Max(point => point.X)) * 1.05;
        double mostY = NiceAbove(_series.Max(series => series.Points.Max(point => point.Y)));
        var svg = new StringBuilder();
        svg.AppendLine(Text($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">"));
        svg.AppendLine(Text($"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/>"));
        svg.AppendLine(Text($"<text x=\"{Left}\" y=\"22\" font-size=\"15\">{title}</text>"));
        svg.AppendLine(Text($"<text x=\"{Left + (PlotWidth / 2)}\" y=\"{Height - 12}\" text-anchor=\"middle\">{horizontal}</text>"));
        svg.AppendLine(Text($"<text x=\"16\" y=\"{Top + (PlotHeight / 2)}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {Top + (PlotHeight / 2)})\">{vertical}</text>"));
        for (int tick = 0; tick <= 5; tick++)
        {
            double value = mostY * tick / 5;
            double y = Y(value, mostY);
            svg.AppendLine(Text($"<line x1=\"{Left}\" y1=\"{y:F1}\" x2=\"{Left + PlotWidth}\" y2=\"{y:F1}\" stroke=\"#ddd\"/>"));
            svg.AppendLine(Text($"<text x=\"{Left - 6}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{value:0.#}</text>"));
        }

        foreach (double value in _series.SelectMany(series => series.Points.Select(point => point.X)).Distinct().Order())
        {
            svg.AppendLine(Text($"<text x=\"{X(value, mostX):F1}\" y=\"{Top + PlotHeight + 18}\" text-anchor=\"middle\">{value:0.#}</text>"));
        }

        for (int i = 0; i < _series.Count; i++)
        {
            Draw(svg, _series[i], mostX, mostY, Top + 10 + (i * 18));
        }

        svg.AppendLine("</svg>");
        return svg.ToString();
    }

    private static int PlotWidth => Width - Left - Right;

    private static int PlotHeight => Height - Top - Bottom;

    private static double X(double value, double most) => Left + (PlotWidth * value / most);

    private static double Y(double value, double most) => Top + PlotHeight - (PlotHeight * value / most);

    private static double NiceAbove(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        foreach (double step in (double[])[1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10])
        {
            if (step * power >= value)
            {
                return step * power;
            }
        }

        return value;
    }

    private static void Draw(StringBuilder svg, Series series, double mostX, double mostY, int legendY)
    {
        string dash = series.IsDashed ? " stroke-dasharray=\"6 4\"" : "";
        string path = string.Join(' ', series.Points.Select(point => Text($"{X(point.X, mostX):F1},{Y(point.Y, mostY):F1}")));
        svg.AppendLine($"<polyline points=\"{path}\" fill=\"none\" stroke=\"{series.Colour}\" stroke-width=\"1.8\"{dash}/>");
        foreach ((double x, double y) in series.IsMeasured ? series.Points : [])
        {
            svg.AppendLine(Text($"<circle cx=\"{X(x, mostX):F1}\" cy=\"{Y(y, mostY):F1}\" r=\"3.5\" fill=\"{series.Colour}\"/>"));
        }

        int x0 = Width - Right + 14;
        svg.AppendLine(Text($"<line x1=\"{x0}\" y1=\"{legendY}\" x2=\"{x0 + 26}\" y2=\"{legendY}\" stroke=\"{series.Colour}\" stroke-width=\"1.8\"{dash}/>"));
        svg.AppendLine(Text($"<text x=\"{x0 + 32}\" y=\"{legendY + 4}\">{series.Name}</text>"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One line of a chart.</summary>
internal sealed record Series(string Name, string Colour, bool IsDashed, bool IsMeasured, IReadOnlyList<(double X, double Y)> Points);
