using System;
using Starling.Tests.Runtime.Walls;

namespace Starling.Tests.Runtime.Containers;

/// <summary>A test of commands in an image; skipped where there are no walls, or no busybox to make an image of, which it says.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContainerFactAttribute : FactAttribute
{
    public ContainerFactAttribute() => Skip = Busybox.Missing ?? new WallsFactAttribute().Skip;
}
