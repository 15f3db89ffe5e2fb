using System;
using System.Text;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

public sealed class RbwFileTests
{
    private const string Files =
        "d8:announce25:http://t.example/announce7:command4:true16:complete command27:cat $PART_LIST > \"$FILE\" ;:"
        + "4:infod5:filesld6:lengthi5e4:pathl1:aeed6:lengthi4e4:pathl3:sub1:beee4:name1:t12:piece lengthi2eee";

    [Fact]
    public void Files_commands_and_tracker_come_over_and_uneven_lengths_round_up()
    {
        TaskFile task = Import(Files);
        Assert.Equal([new OutputFile("a", 3), new OutputFile("sub/b", 2)], task.Info.Files);
        Assert.Equal(new PieceLocation(1, 0, 2), task.Info.Locate(3));
        Assert.Equal(new RunSpec.Shell("true"), task.Info.Run);
        Assert.Equal("cat $PART_LIST > \"$FILE\" ;:", task.Info.Merge);
        Assert.Equal(2, task.Info.PieceLength);
        Assert.Equal(new VerifySpec.Replicas(2), task.Info.Verify);
        Assert.Equal("http://t.example/announce", Assert.Single(Assert.Single(task.Trackers)));
        Assert.True(task.Signature.IsEmpty);
        Assert.Null(task.Info.Author);
        Assert.False(task.IsMemberSwarm);
        Assert.Equal(task.Id, Import(Files).Id);
    }

    [Fact]
    public void The_commands_are_part_of_the_id() =>
        Assert.NotEqual(Import(Files).Id, Import(Files.Replace("4:true", "5:false", StringComparison.Ordinal)).Id);

    [Fact]
    public void A_single_file_of_unsorted_keys_and_a_list_of_trackers_is_read()
    {
        TaskFile task = Import(
            "d4:infod12:piece lengthi10e6:lengthi25e4:name1:te7:command4:true13:announce-listll20:udp://t.example:6969eee\n");
        Assert.Equal([new OutputFile("t", 3)], task.Info.Files);
        Assert.Null(task.Info.Merge);
        Assert.Equal("udp://t.example:6969", task.Trackers[0][0]);
    }

    [Theory]
    [InlineData("d4:infod6:lengthi1e4:name1:t12:piece lengthi2eee", "command: is missing")]
    [InlineData("d7:command4:truee", "info: is missing")]
    [InlineData("d7:command4:true4:infod6:lengthi1e12:piece lengthi2eee", "info.name: is missing")]
    [InlineData("d7:command4:true4:infod6:lengthi1e4:name1:tee", "info.piece length: is missing")]
    [InlineData("d7:command4:true4:infod6:lengthi1e4:name1:t12:piece lengthi0eee", "info.piece length: 0 is below 1")]
    [InlineData("d7:command4:true4:infod6:lengthi1e4:name1:t12:piece lengthi999999999eee", "info.piece length: 999999999 is above 268435456")]
    [InlineData("d7:command4:true4:infod4:name1:t12:piece lengthi2eee", "info.length: is missing")]
    [InlineData("d7:command4:true4:infod6:lengthi0e4:name1:t12:piece lengthi2eee", "info.length: 0 is below 1")]
    [InlineData("d7:command4:true4:infod6:lengthi9223372036854775807e4:name1:t12:piece lengthi1eee", "info.length: makes 9223372036854775807 pieces, more than 4194304")]
    [InlineData("d7:command4:true4:infod5:filesld6:lengthi1e4:pathl2:..1:aeee4:name1:t12:piece lengthi2eee", "info.files[0].path: '..' leaves the folder or walks in it (..)")]
    [InlineData("d7:command4:true4:infod5:filesld6:lengthi1e4:pathl4:../aeee4:name1:t12:piece lengthi2eee", "info.files[0].path: '../a' has a slash where a single name is due")]
    [InlineData("d7:command4:true4:infod5:filesld6:lengthi1e4:pathleee4:name1:t12:piece lengthi2eee", "info.files[0].path: is missing or empty")]
    [InlineData("d7:command4:true4:infod6:lengthi1e4:name4:../t12:piece lengthi2eee", "name: '../t' has a slash where a single name is due")]
    [InlineData("d8:announce1:x7:command4:true4:infod6:lengthi1e4:name1:t12:piece lengthi2eee", "announce: 'x' is not a tracker's address")]
    public void What_is_wrong_is_named(string file, string expected)
    {
        Assert.False(RbwFile.TryImport(TaskSamples.Latin(file), out _, out Problem? problem));
        Assert.Equal(expected, problem.Reason);
    }

    private static TaskFile Import(string text)
    {
        Assert.True(RbwFile.TryImport(Encoding.UTF8.GetBytes(text), out TaskFile? task, out Problem? problem), problem?.ToString());
        return task;
    }
}
