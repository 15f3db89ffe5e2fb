using System;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

/// <summary>Tasks that name their members: what is written, read and refused, and who is admitted.</summary>
public sealed class MembersTests
{
    [Fact]
    public void Members_are_part_of_the_id_and_come_back()
    {
        TaskFile task = TaskSamples.Make(Named(5));
        Assert.True(task.IsMemberSwarm);
        Assert.NotEqual(TaskSamples.Make(Named(4)).Id, task.Id);
        Assert.True(TaskFileCodec.TryDecode(TaskFileCodec.Encode(task), out TaskFile? read, out Problem? problem), problem?.ToString());
        Assert.Equal(task.Info.Members, read.Info.Members);
        Assert.Equal(task.Id, read.Id);
        Assert.True(MagnetLink.TryParse(MagnetLink.Of(task, []).ToUri(), out MagnetLink? link, out _));
        Assert.True(link.NamesMembers);
        Assert.False(MagnetLink.Of(TaskSamples.Make(TaskSamples.Plain()), []).NamesMembers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(TaskLimitsOfFormat.MaxMembers)]
    public void Members_and_the_author_are_admitted_and_nobody_else(int count)
    {
        TaskInfo info = Named(count) with { Author = Key(-1) };
        Assert.All(info.Members, member => Assert.True(info.Admits(member)));
        Assert.True(info.Admits(Key(-1)));
        Assert.All(Enumerable.Range(count, 50), other => Assert.False(info.Admits(Key(other))));
        Assert.True(TaskSamples.Plain().Admits(Key(0)));
    }

    [Fact]
    public void A_key_stands_once_in_order_and_there_are_so_many_at_most()
    {
        PublicKey[] keys = [.. Named(2).Members];
        Assert.StartsWith("members: ", TaskInfoValidator.Check(TaskSamples.Plain() with { Members = [keys[1], keys[0]] })!.Reason, StringComparison.Ordinal);
        Assert.StartsWith("members: ", TaskInfoValidator.Check(TaskSamples.Plain() with { Members = [keys[0], keys[0]] })!.Reason, StringComparison.Ordinal);
        Assert.Equal($"members: has {TaskLimitsOfFormat.MaxMembers + 1} entries", TaskInfoValidator.Check(Named(TaskLimitsOfFormat.MaxMembers + 1))!.Reason);
    }

    [Theory]
    [InlineData("le", "members: is empty")]
    [InlineData("l3:abce", "members: holds something that is not a key of 32 bytes")]
    [InlineData("li5ee", "members: holds something that is not a key of 32 bytes")]
    [InlineData("i5e", "where a list is due")]
    public void What_is_no_list_of_keys_is_refused(string members, string reason)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes($"d4:infod7:members{members}4:name1:x6:piecesi8e3:run1:a6:verify3:ownee");
        Assert.False(TaskFileCodec.TryDecode(bytes, out _, out Problem? problem));
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
    }

    private static PublicKey Key(int number) => new(Hash256.Of(BitConverter.GetBytes(number)).ToArray());

    private static TaskInfo Named(int count) => TaskSamples.Plain() with
    {
        Verify = new VerifySpec.Own(),
        Members = [.. Enumerable.Range(0, count).Select(Key).Order()],
    };
}
