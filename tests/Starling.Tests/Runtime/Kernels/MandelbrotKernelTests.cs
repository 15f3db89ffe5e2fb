using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Kernels;
using Starling.Tests.Runtime.Kernels.Imaging;

namespace Starling.Tests.Runtime.Kernels;

public sealed class MandelbrotKernelTests
{
    private static readonly RunSpec.Kernel Spec = KernelRuns.Spec(
        "mandelbrot", ("centre", "-0.74364, 0.13182"), ("height", "61"), ("iterations", "800"), ("scale", "0.006"), ("width", "83"));

    [Fact]
    public void Pixels_stay_what_they_were() =>
        Assert.Equal("f024033f25f4eba18731d3b60de5a1b5533ae99274d86f7f5b4fcfb0e1e78a80", KernelRuns.HashOf(Spec, pieces: 1).ToString());

    [Fact]
    public void Bands_make_the_same_picture_however_it_is_cut()
    {
        byte[] whole = KernelRuns.RunAll(Spec, pieces: 1);
        Assert.Equal(83 * 61 * 3, whole.Length);
        Assert.Equal(whole, KernelRuns.RunAll(Spec, pieces: 7));
        Assert.Equal(whole, KernelRuns.RunAll(Spec, pieces: 61));
    }

    [Fact]
    public void Each_file_becomes_a_PNG_of_its_bands()
    {
        TaskInfo task = KernelRuns.Task(Spec, 3, 1, 5);
        IKernel kernel = KernelRuns.Make(Spec, task);
        List<byte[]> bands = [.. Enumerable.Range(0, 9).Select(piece => KernelRuns.Run(kernel, piece))];
        var pixels = new List<byte>();
        for (int file = 0; file < 3; file++)
        {
            int first = task.FirstPieceOf(file);
            var png = new MemoryStream();
            Assert.Null(Merge(kernel, task, file, part => new MemoryStream(bands[first + part]), png));
            PngReader read = PngReader.Read(png.ToArray());
            Assert.Equal(83, read.Width);
            pixels.AddRange(read.Pixels);
        }

        Assert.Equal(KernelRuns.RunAll(Spec, 1), pixels);
    }

    [Theory]
    [InlineData(-1, "piece 1 is shorter than the 31 rows of 83 pixels that it should hold")]
    [InlineData(1, "piece 1 is longer than the 31 rows of 83 pixels that it should hold")]
    public void A_band_of_the_wrong_length_is_named(int more, string expected)
    {
        TaskInfo task = KernelRuns.Task(Spec, 2);
        IKernel kernel = KernelRuns.Make(Spec, task);
        byte[][] bands = [new byte[30 * 83 * 3], new byte[(31 * 83 * 3) + more]];
        Assert.Equal(expected, Merge(kernel, task, 0, part => new MemoryStream(bands[part]), new MemoryStream())?.Reason);
    }

    [Fact]
    public void A_deep_picture_ends_when_it_is_cancelled()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("mandelbrot", ("height", "1000"), ("iterations", "10000000"), ("scale", "0.01"), ("width", "1000"));
        IKernel kernel = KernelRuns.Make(spec, KernelRuns.Task(spec, 1000));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        Assert.Equal(KernelOutcome.Cancelled, kernel.Run(500, new MemorySink(), cancel.Token));
    }

    [Theory]
    [InlineData("width", "0", "Write a whole number from 1 to 65536.")]
    [InlineData("height", "65537", "Write a whole number from 1 to 65536.")]
    [InlineData("iterations", "10000001", "Write a whole number from 1 to 10000000.")]
    [InlineData("scale", "1e-13", "Write a decimal number from 1E-12 to 16")]
    [InlineData("centre", "1", "Write real and imaginary part")]
    [InlineData("centre", "1, 5", "Write real and imaginary part")]
    [InlineData("centre", "1, 2, 3", "Write real and imaginary part")]
    public void Values_out_of_bounds_are_refused(string key, string value, string expected)
    {
        (string Key, string Value)[] usual = [("width", "10"), ("height", "10")];
        RunSpec.Kernel spec = KernelRuns.Spec("mandelbrot", [(key, value), .. usual.Where(p => p.Key != key)]);
        Problem problem = KernelRuns.Refused(spec, KernelRuns.Task(spec, 1));
        Assert.StartsWith($"run.{key}: '{value}' is not allowed", problem.Reason);
        Assert.StartsWith(expected, problem.Hint);
    }

    [Fact]
    public void What_does_not_fit_the_task_is_refused()
    {
        RunSpec.Kernel spec = KernelRuns.Spec("mandelbrot", ("height", "10"), ("width", "1000"));
        TaskInfo task = KernelRuns.Task(spec, 10);
        KernelRuns.Make(spec, task with { PieceLength = 3000 });
        Assert.Contains("has 3000 bytes, above the piece length of 2999", KernelRuns.Refused(spec, task with { PieceLength = 2999 }).Reason);
        Assert.Contains("11 bands do not fit into 10 rows", KernelRuns.Refused(spec, KernelRuns.Task(spec, 6, 5)).Reason);
        Assert.Contains("until", KernelRuns.Refused(spec, task with { Until = Until.First }).Reason);
    }

    private static Problem? Merge(IKernel kernel, TaskInfo task, int file, Func<int, Stream> openPart, Stream output) =>
        Assert.IsAssignableFrom<IKernelMerge>(kernel).Merge(task, file, openPart, output, CancellationToken.None);
}
