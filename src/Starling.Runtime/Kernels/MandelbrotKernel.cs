using System;
using System.IO;
using System.Numerics;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;
using Starling.Runtime.Kernels.Imaging;

namespace Starling.Runtime.Kernels;

/// <summary>
/// <c>mandelbrot {width, height, centre, scale, iterations}</c>: a picture of the Mandelbrot set. A piece is a band of rows, 3 bytes (red,
/// green, blue) a pixel; the bands of a file are merged into one PNG.
/// </summary>
internal sealed class MandelbrotKernel : IKernel, IKernelMerge
{
    public const string Name = "mandelbrot";

    /// <summary>Most columns and most rows.</summary>
    public const int MaxSide = 65_536;

    /// <summary>Most iterations of a point.</summary>
    public const int MaxIterations = 10_000_000;

    /// <summary>Smallest width of the picture in the plane: a pixel of a large picture is still many times the step of a double.</summary>
    public const double MinScale = 1e-12;

    private const double MaxScale = 16;
    private const double MaxCentre = 4;

    private readonly int _width;
    private readonly int _height;
    private readonly double _re;
    private readonly double _im;
    private readonly double _scale;
    private readonly int _iterations;
    private readonly int _pieces;

    private MandelbrotKernel(int width, int height, double re, double im, double scale, int iterations, int pieces)
    {
        _width = width;
        _height = height;
        _re = re;
        _im = im;
        _scale = scale;
        _iterations = iterations;
        _pieces = pieces;
    }

    public static MandelbrotKernel Create(KernelParameters parameters, TaskInfo task)
    {
        int width = parameters.WholeInt32("width", 1, MaxSide);
        int height = parameters.WholeInt32("height", 1, MaxSide);
        (double re, double im) = ReadCentre(parameters);
        double scale = parameters.Real("scale", MinScale, MaxScale, fallback: 3);
        int iterations = parameters.WholeInt32("iterations", 1, MaxIterations, fallback: 1000);
        int pieces = task.PieceCount;
        if (pieces > height)
        {
            parameters.Refuse($"pieces: {pieces} bands do not fit into {height} rows", $"Use at most {height} pieces.");
        }

        long largest = (((long)height + pieces - 1) / pieces) * width * Palette.ColourSize;
        if (largest > task.PieceLength)
        {
            parameters.Refuse(
                $"run.height: a band of {height} rows in {pieces} pieces has {largest} bytes, above the piece length of {task.PieceLength}",
                "Use more pieces or a larger 'piece length'.");
        }

        if (task.Until == Until.First)
        {
            parameters.Refuse("until: kernel mandelbrot has no first hit", "Leave out 'until'.");
        }

        return new MandelbrotKernel(width, height, re, im, scale, iterations, pieces);
    }

    public KernelOutcome Run(int piece, IOutputSink output, RunPace pace)
    {
        PieceRange rows = PieceRange.Of(piece, _pieces, 0, (ulong)_height);
        int lanes = Vector<double>.Count;
        double[] re = new double[(_width + lanes - 1) / lanes * lanes];
        double[] counts = new double[re.Length];
        double step = _scale / _width;
        for (int column = 0; column < re.Length; column++)
        {
            double away = (column + 0.5 - (_width * 0.5)) * step;
            re[column] = _re + away;
        }

        byte[] colours = new byte[_width * Palette.ColourSize];
        for (ulong row = rows.First; row < rows.First + rows.Count; row++)
        {
            double away = (row + 0.5 - (_height * 0.5)) * step;
            if (!EscapeTime.TryRow(re, _im - away, _iterations, counts, pace))
            {
                return KernelOutcome.Cancelled;
            }

            for (int column = 0; column < _width; column++)
            {
                Palette.Write(counts[column], colours.AsSpan(column * Palette.ColourSize));
            }

            if (!output.TryWrite(colours))
            {
                return KernelOutcome.TooLong;
            }
        }

        return KernelOutcome.Finished;
    }

    public Problem? Merge(TaskInfo task, int file, Func<int, Stream> openPart, Stream output, CancellationToken cancel)
    {
        int first = task.FirstPieceOf(file);
        int parts = task.Files[file].Pieces;
        PieceRange top = PieceRange.Of(first, _pieces, 0, (ulong)_height);
        PieceRange bottom = PieceRange.Of(first + parts - 1, _pieces, 0, (ulong)_height);
        using var png = new PngWriter(output, _width, (int)(bottom.First + bottom.Count - top.First));
        for (int part = 0; part < parts; part++)
        {
            ulong rows = PieceRange.Of(first + part, _pieces, 0, (ulong)_height).Count;
            using Stream band = openPart(part);
            for (ulong row = 0; row < rows; row++)
            {
                cancel.ThrowIfCancellationRequested();
                if (band.ReadAtLeast(png.Row, png.Row.Length, throwOnEndOfStream: false) < png.Row.Length)
                {
                    return WrongBand(first + part, rows, "shorter");
                }

                png.WriteRow();
            }

            if (band.ReadByte() >= 0)
            {
                return WrongBand(first + part, rows, "longer");
            }
        }

        png.Complete();
        return null;
    }

    private Problem WrongBand(int piece, ulong rows, string how) => new(
        "merge",
        $"piece {piece} is {how} than the {rows} rows of {_width} pixels that it should hold",
        "It was not made by this kernel: remove the result and compute it again.");

    /// <summary>Two decimal numbers, real and imaginary part, separated by a comma or spaces.</summary>
    private static (double Re, double Im) ReadCentre(KernelParameters parameters)
    {
        string text = parameters.Text("centre", "real and imaginary part, such as '-0.5, 0'", fallback: "-0.5, 0");
        string[] parts = text.Split((char[])[',', ' '], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 2
            && KernelParameters.TryReal(parts[0], -MaxCentre, MaxCentre, out double re)
            && KernelParameters.TryReal(parts[1], -MaxCentre, MaxCentre, out double im))
        {
            return (re, im);
        }

        parameters.Refuse("centre", text, "Write real and imaginary part, each from -4 to 4, such as '-0.5, 0'.");
        return default;
    }
}
