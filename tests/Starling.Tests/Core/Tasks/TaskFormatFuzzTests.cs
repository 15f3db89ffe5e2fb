using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Starling.Core.Bencode;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Tasks;

namespace Starling.Tests.Core.Tasks;

/// <summary>Broken inputs by the hundred thousand, the same in every run: nothing throws, nothing allocates without bound, what is read is written back.</summary>
public sealed class TaskFormatFuzzTests
{
    private const int Inputs = 30_000;
    private const int YamlInputs = 10_000;

    /// <summary>Bytes that one parse of a small input may allocate.</summary>
    private const long MaxAllocation = 4 * 1024 * 1024;

    private static readonly byte[][] Fragments =
        [.. ((string[])["d", "l", "e", "i", "0:", "i-1e", "i9223372036854775807e", "99999999:", "4:info", "6:pieces", "5:files", "ld4:path1:aee", "3:own", "1:\0", "de", "le"])
            .Select(Encoding.Latin1.GetBytes)];

    [Fact]
    public void Bencoding_comes_back_byte_for_byte_or_is_refused()
    {
        int read = 0;
        foreach (byte[] input in Mutations([.. TaskFiles(), "d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe"u8.ToArray()], 1, Inputs))
        {
            Bounded(() =>
            {
                if (BReader.TryRead(input, BReaderOptions.File, out BValue? value, out Problem? problem))
                {
                    Assert.Equal(input, value.ToBytes());
                    read++;
                }
                else
                {
                    Assert.NotEmpty(problem.Reason);
                }

                // What is read leniently is canonical once it is written.
                if (BReader.TryRead(input, BReaderOptions.ForeignFile, out BValue? foreign, out _))
                {
                    Assert.True(BReader.TryRead(foreign.ToBytes(), BReaderOptions.File, out _, out _));
                }
            });
        }

        Assert.InRange(read, Inputs / 200, Inputs);
    }

    [Fact]
    public void Task_files_come_back_byte_for_byte_or_are_refused()
    {
        int read = 0;
        foreach (byte[] input in Mutations(TaskFiles(), 2, Inputs))
        {
            Bounded(() =>
            {
                if (!TaskFileCodec.TryDecode(input, out TaskFile? task, out Problem? problem))
                {
                    Assert.NotEmpty(problem.Reason);
                    return;
                }

                read++;
                Assert.Null(TaskInfoValidator.Check(task.Info));
                Assert.True(TaskFileCodec.TryDecode(TaskFileCodec.Encode(task), out TaskFile? again, out _));
                Assert.Equal(task.Id, again.Id);

                // Made again from its values, only what is not known may be gone.
                Assert.True(TaskFileCodec.TryMake(task.Info, out TaskFile? made, out Problem? unmade), unmade?.ToString());
                Assert.True(TaskFileCodec.TryDecodeInfo(made.InfoBytes, out TaskFile? remade, out _));
                Assert.Equal(made.Id, remade.Id);
            });
        }

        Assert.InRange(read, Inputs / 200, Inputs);
    }

    [Fact]
    public void Files_of_BitWorker_become_right_tasks_or_are_refused()
    {
        byte[] sample = TaskSamples.Latin(
            "d8:announce24:http://t.example/announc7:command4:true16:complete command2:ok4:infod5:filesld6:lengthi5e4:pathl1:aeed6:lengthi4e4:pathl3:sub1:beee4:name1:t12:piece lengthi2eee");
        int read = 0;
        foreach (byte[] input in Mutations([sample], 3, Inputs))
        {
            Bounded(() =>
            {
                if (RbwFile.TryImport(input, out TaskFile? task, out _))
                {
                    read++;
                    Assert.Null(TaskInfoValidator.Check(task.Info));
                    Assert.True(TaskFileCodec.TryDecode(TaskFileCodec.Encode(task), out _, out Problem? problem), problem?.ToString());
                }
            });
        }

        Assert.InRange(read, Inputs / 200, Inputs);
    }

    [Fact]
    public void Links_come_back_or_are_refused()
    {
        byte[] sample = TaskSamples.Latin(
            $"magnet:?xt=urn:btmh:1220{new string('5', 64)}&dn=h%C3%A9&tr=udp%3A%2F%2Ft.example%3A6969&x.pe=10.0.0.1:6881&x.pe=[2001:db8::1]:1&x.secret={new string('6', 64)}");
        int read = 0;
        foreach (byte[] input in Mutations([sample], 4, Inputs))
        {
            string text = Encoding.Latin1.GetString(input);
            Bounded(() =>
            {
                if (MagnetLink.TryParse(text, out MagnetLink? link, out _))
                {
                    read++;
                    Assert.True(MagnetLink.TryParse(link.ToUri(), out MagnetLink? again, out Problem? problem), problem?.ToString());
                    Assert.Equal(link.ToUri(), again.ToUri());
                }
            });
        }

        Assert.InRange(read, Inputs / 200, Inputs);
    }

    [Fact]
    public void Yaml_is_read_or_refused()
    {
        byte[] sample = TaskSamples.Latin(
            "# c\nname: x\nrun: {kernel: a, b: \"1 2\"}\nfiles:\n  - {path: a, pieces: 3}\nlimits: {wall: 1h, memory: 1GiB}\nverify: {replicas: 2}\n"
            + "trackers: [udp://t.example:1]\nneeds:\n  programs:\n  - ffmpeg\ncomment: |\n  two\n  lines\n");
        int read = 0;
        foreach (byte[] input in Mutations([sample], 5, YamlInputs))
        {
            string text = Encoding.Latin1.GetString(input);
            Bounded(() =>
            {
                if (YamlTaskReader.TryRead(text, "t.yaml", "/", out _, out Func<Problem, Problem>? locate, out Problem? problem))
                {
                    read++;
                    Assert.NotNull(locate);
                }
                else
                {
                    Assert.StartsWith("t.yaml", problem.Reason, StringComparison.Ordinal);
                }
            });
        }

        Assert.InRange(read, YamlInputs / 200, YamlInputs);
    }

    [Fact]
    public void Any_value_is_read_as_it_was_written() =>
        Prop.ForAll(Values(4).ToArbitrary(), static value =>
        {
            byte[] bytes = value.ToBytes();
            return BReader.TryRead(bytes, BReaderOptions.File, out BValue? read, out _) && read.ToBytes().AsSpan().SequenceEqual(bytes);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_plain_task_is_read_as_it_was_written() =>
        Prop.ForAll(Tasks().ToArbitrary(), static info =>
        {
            TaskFile task = TaskSamples.Make(info);
            return TaskFileCodec.TryDecode(TaskFileCodec.Encode(task), out TaskFile? read, out _)
                && TaskSamples.Make(read.Info).Id == task.Id
                && read.Info.PieceCount == info.PieceCount;
        }).QuickCheckThrowOnFailure();

    private static byte[][] TaskFiles()
    {
        TaskFile full = TaskSamples.Make(TaskSamples.Full());
        return
        [
            TaskFileCodec.Encode(TaskSamples.Make(TaskSamples.Plain())),
            TaskFileCodec.Encode(full with { Trackers = [["udp://t.example:6969"]], Nodes = ["h:1"], Comment = "c", CreationDate = 5, Secret = new byte[32], Signature = new byte[64] }),
        ];
    }

    private static void Bounded(Action parse)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        parse();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocation);
    }

    private static IEnumerable<byte[]> Mutations(byte[][] samples, ulong seed, int count)
    {
        var random = new DeterministicRandom(seed);
        for (int i = 0; i < count; i++)
        {
            List<byte> bytes = [.. samples[random.Next(samples.Length)]];
            for (int changes = random.Next(4); changes >= 0 && bytes.Count > 0; changes--)
            {
                Mutate(bytes, random);
            }

            yield return bytes.ToArray();
        }
    }

    private static void Mutate(List<byte> bytes, DeterministicRandom random)
    {
        int at = random.Next(bytes.Count);
        int length = random.Next(Math.Min(16, bytes.Count - at)) + 1;
        switch (random.Next(7))
        {
            case 0:
                bytes[at] = (byte)random.NextUInt64();
                break;
            case 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - length + 1), length));
                break;
            case 4:
                bytes.InsertRange(at, Fragments[random.Next(Fragments.Length)]);
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                // A digit for a digit: sizes that do not fit, and values at their bounds.
                int digit = bytes.FindIndex(at, static b => b is >= (byte)'0' and <= (byte)'9');
                bytes[Math.Max(digit, 0)] = (byte)('0' + random.Next(10));
                break;
        }
    }

    private static Gen<BValue> Values(int depth)
    {
        Gen<BValue> integers = ArbMap.Default.GeneratorFor<long>().Select(static value => (BValue)new BInteger(value));
        Gen<BValue> texts = ArbMap.Default.GeneratorFor<byte[]>().Select(static value => (BValue)new BString(value));
        if (depth == 0)
        {
            return Gen.OneOf(integers, texts);
        }

        Gen<BValue> inner = Values(depth - 1);
        Gen<BValue> lists = inner.ListOf().Select(static items => (BValue)new BList([.. items.Take(6)]));
        Gen<BValue> dictionaries = ArbMap.Default.GeneratorFor<byte[]>().Zip(inner).ListOf().Select(static entries => (BValue)new BDictionary(
            entries.Take(6).DistinctBy(static entry => Convert.ToHexString(entry.Item1)).Select(static entry => new BEntry(entry.Item1, entry.Item2))));
        return Gen.OneOf(integers, texts, lists, dictionaries);
    }

    private static Gen<TaskInfo> Tasks() =>
        from pieces in Gen.Choose(1, 1_000_000)
        from files in Gen.Choose(1, 4)
        from replicas in Gen.Choose(2, 64)
        from seconds in Gen.Choose(1, 1_000_000)
        from length in Gen.Choose(1, TaskLimitsOfFormat.MaxPieceLength)
        from command in ArbMap.Default.GeneratorFor<NonEmptyString>()
        select TaskSamples.Plain() with
        {
            Run = new RunSpec.Shell("x" + string.Concat(command.Get.Where(static c => c != '\0' && !char.IsSurrogate(c)))),
            Files = [.. Enumerable.Range(0, files).Select(i => new OutputFile($"f{i}", pieces))],
            Verify = replicas % 3 == 0
                ? new VerifySpec.Trust(replicas) { WithinClass = replicas % 2 == 0 }
                : new VerifySpec.Replicas(replicas) { WithinClass = replicas % 2 == 0 },
            Limits = new RunLimits { Wall = TimeSpan.FromSeconds(seconds) },
            PieceLength = length,
        };
}
