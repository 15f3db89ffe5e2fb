using System;
using Starling.Core.Tasks;

namespace Starling.Tests.Core.Tasks;

public sealed class TaskFileSignerTests
{
    private readonly TaskSamples.FakeIdentity _author = new(7);

    [Fact]
    public void The_author_of_info_signs_the_id()
    {
        TaskFile task = TaskFileSigner.Sign(TaskSamples.Make(TaskSamples.Full()), _author);
        Assert.Equal(_author.Sign(task.Id.ToArray()), task.Signature.ToArray());
        Assert.Equal(TaskSignature.Right, TaskFileSigner.Check(task, _author));
    }

    [Fact]
    public void Another_key_cannot_sign()
    {
        Assert.Throws<ArgumentException>(() => TaskFileSigner.Sign(TaskSamples.Make(TaskSamples.Full()), new TaskSamples.FakeIdentity(8)));
        Assert.Throws<ArgumentException>(() => TaskFileSigner.Sign(TaskSamples.Make(TaskSamples.Plain()), _author));
    }

    [Fact]
    public void A_signature_of_another_task_is_wrong()
    {
        TaskFile signed = TaskFileSigner.Sign(TaskSamples.Make(TaskSamples.Full()), _author);
        TaskFile other = TaskSamples.Make(TaskSamples.Full() with { Merge = "rm -rf /" }) with { Signature = signed.Signature };
        Assert.Equal(TaskSignature.Wrong, TaskFileSigner.Check(other, _author));
        Assert.Equal(TaskSignature.None, TaskFileSigner.Check(other with { Signature = default }, _author));
    }
}
