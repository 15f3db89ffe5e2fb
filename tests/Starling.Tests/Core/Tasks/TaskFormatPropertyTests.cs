using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Starling.Core.Bencode;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

/// <summary>What is written is read back the same, whatever it is.</summary>
public sealed class TaskFormatPropertyTests
{
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
                ? new VerifySpec.Trust(replicas) { WithinClass = replicas % 2 == 0, Compare = replicas % 3 == 0 ? "cmp" : null }
                : new VerifySpec.Replicas(replicas) { WithinClass = replicas % 2 == 0, Sealed = replicas is 5 or 7 ? TimeSpan.FromSeconds(replicas) : null },
            Limits = new RunLimits { Wall = TimeSpan.FromSeconds(seconds) },
            PieceLength = length,
        };
}
